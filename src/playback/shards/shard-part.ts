// What a shard does of sessions that are on all shards: its own part of each. Whatever the owner of a session asks for is done
// here, also by the owner itself.
import { compileGlob, matchesAny } from "../../archive/glob.ts";
import { type Micros, micros } from "../../core/units.ts";
import { Refusal } from "../session/refusal.ts";
import type { PlaybackArchive, SharedPlay } from "../session/session-context.ts";
import type { SessionHost } from "../session/session-host.ts";
import { type Claim, isSameClaim, outranks } from "./session-claim.ts";
import { type PartTime, SessionPart } from "./session-part.ts";
import type { Look, ShardAnswers, ShardNote, ShardRequest, Step } from "./shard-messages.ts";

export type ShardPartsOptions = PartTime & {
  readonly host: SessionHost;
  readonly archive: PlaybackArchive;
  readonly shard: number;
  readonly note: (to: number, note: ShardNote) => void;
  readonly onSync: (id: string, inbox: string) => void;
};

/** Where a session is told of at most this often while it plays. */
const MOVED_EVERY_NS = 250e6;

type Request<Do extends ShardRequest["do"]> = Extract<ShardRequest, { readonly do: Do }>;
const DONE: Record<string, never> = {};

export class ShardParts {
  readonly #options: ShardPartsOptions;
  readonly #parts = new Map<string, SessionPart>();

  constructor(options: ShardPartsOptions) {
    this.#options = options;
  }

  /** Does what an owner asks for. Throws or rejects with a Refusal. */
  handle(
    request: Exclude<ShardRequest, { do: "write" }>,
  ): Promise<ShardAnswers[keyof ShardAnswers]> | ShardAnswers[keyof ShardAnswers] {
    switch (request.do) {
      case "clock":
        return { wall: this.#options.wall() };
      case "look":
        return this.#look(request);
      case "stamps":
        return this.#stamps(request);
      case "make":
        return this.#make(request);
      case "prepare":
        return this.#prepare(request);
      case "commit":
        this.#heeded(request).commit(request.turn, request.anchor);
        return DONE;
      case "settle":
        return this.#settle(request);
      case "abort":
        return this.#abort(request);
      case "end":
        if (this.#options.host.has(request.id)) this.#options.host.end(request.id, request.reason);
        return DONE;
      case "sync":
        this.#options.onSync(request.id, request.inbox);
        return DONE;
      default:
        return request satisfies never;
    }
  }

  /** The owner of a session; undefined if there is no such session. */
  ownerOf(id: string): number | undefined {
    return this.#parts.get(id)?.claim.owner;
  }

  claimOf(id: string): Claim {
    return this.#part(id).claim;
  }

  /** What a session plays by at present. */
  stepOf(id: string): { readonly step: Step; readonly turn: number } {
    const { step, turn } = this.#part(id);
    return { step, turn };
  }

  get ids(): string[] {
    return [...this.#parts.keys()];
  }

  /** The session has ended. */
  forget(id: string): void {
    this.#parts.get(id)?.forget();
    this.#parts.delete(id);
  }

  /** Its owner is lost: another shard has the session from now on. */
  inherit(id: string, heir: number): void {
    const part = this.#part(id);
    this.#give(id, part, { owner: heir, term: part.claim.term + 1 });
  }

  #give(id: string, part: SessionPart, claim: Claim): void {
    const { shard, host } = this.#options;
    const [wasOurs, isOurs] = [part.claim.owner === shard, claim.owner === shard];
    part.claim = claim;
    if (wasOurs !== isOurs) host.own(id, isOurs);
  }

  /** The part that an owner speaks of. Whoever took the session over is heeded, and whoever had it before is not. */
  #heeded({ id, claim }: { readonly id: string; readonly claim: Claim }): SessionPart {
    const part = this.#part(id);
    if (outranks(claim, part.claim)) this.#give(id, part, claim);
    else if (!isSameClaim(claim, part.claim))
      throw new Refusal("not-ready", `session ${id} is of shard ${part.claim.owner}`);
    return part;
  }

  tell(id: string, what: ShardNote["note"]): void {
    const part = this.#part(id);
    const { shard, note } = this.#options;
    const { played } = part.session.course;
    note(part.claim.owner, { note: what, id, shard, turn: part.turn, played });
  }

  #part(id: string): SessionPart {
    const part = this.#parts.get(id);
    if (part === undefined) throw new Refusal("missing", "no such session");
    return part;
  }

  async #look({ id, claim, hold, near }: Request<"look">): Promise<Look> {
    const { archive, host } = this.#options;
    if (near !== null) await host.lookForFiles(near);
    const part = claim === null ? undefined : this.#heeded({ id, claim });
    if (hold) part?.hold();
    const played = part?.session.course.played ?? micros(-1);
    return { first: await archive.firstOfAll(), last: archive.last(), played };
  }

  async #stamps({ from, count }: Request<"stamps">): Promise<{ stamps: Micros[] }> {
    const { archive } = this.#options;
    const back = archive.cursor(from);
    const start = count > 0 ? from : await back.back(-count);
    back.close();
    const cursor = archive.cursor(start);
    const stamps: Micros[] = [];
    try {
      while (stamps.length < Math.abs(count)) {
        const item = await cursor.next();
        if (item === null || (count < 0 && stampOf(item) > from)) break;
        if (item.kind === "batch") stamps.push(item.stamp);
      }
    } finally {
      cursor.close();
    }
    return { stamps };
  }

  async #make({ birth, step, isLimited }: Request<"make">): Promise<Record<string, never>> {
    const { host, shard } = this.#options;
    const { id, client, claim } = birth;
    const known = this.#parts.get(id);
    if (known !== undefined) {
      await this.#heeded({ id, claim }).take(step, known.turn);
      return DONE;
    }
    const args = {
      ...step,
      pos: { kind: "beginning" },
      state: "pause",
      playAfter: null,
      filter: birth.filter.map((text) => compileGlob(text)),
    } as const;
    const isReplica = claim.owner !== shard;
    const session = host.adopt({ id, client, args, isLimited, isReplica }, this.#shared(id));
    const part = new SessionPart(session, { claim, step }, this.#options);
    this.#parts.set(id, part);
    await part.take(step, 0);
    return DONE;
  }

  async #prepare(request: Request<"prepare">): Promise<{ next: Micros | null }> {
    const part = this.#heeded(request);
    const { turn, step } = request;
    part.prepare({ turn, step });
    return { next: await this.#following(part, step) };
  }

  /** Stamp of the first batch behind the place where playing is to begin. */
  async #following({ session }: SessionPart, { pos, state }: Step): Promise<Micros | null> {
    if (pos === null || state !== "play") return null;
    const globs = session.filter.map((text) => compileGlob(text));
    const passes = { matches: (path: string) => matchesAny(globs, path) };
    const cursor = this.#options.archive.cursor(pos, passes);
    try {
      for (let item = await cursor.next(); item !== null; item = await cursor.next())
        if (item.kind === "batch") return item.stamp;
      return null;
    } finally {
      cursor.close();
    }
  }

  async #settle(request: Request<"settle">): Promise<Record<string, never>> {
    await this.#heeded(request).settle(request.turn);
    return DONE;
  }

  async #abort(request: Request<"abort">): Promise<Record<string, never>> {
    await this.#heeded(request).abort(request.turn);
    return DONE;
  }

  #shared(id: string): SharedPlay {
    const tellOnce = (what: "dry" | "ended"): void => {
      const part = this.#parts.get(id);
      if (part === undefined || part.told === what) return;
      part.told = what;
      this.tell(id, what);
    };
    return {
      onDry: () => tellOnce("dry"),
      onEnded: () => tellOnce("ended"),
      onBatch: () => this.#moved(id),
      onTrouble: () => this.tell(id, "trouble"),
      onGrowth: () => {
        const part = this.#parts.get(id);
        if (part?.step.pos === null) this.tell(id, "grown");
      },
    };
  }

  #moved(id: string): void {
    const part = this.#parts.get(id);
    if (part === undefined) return;
    const now = this.#options.wake.now();
    if (part.told === undefined && now - part.movedAt < MOVED_EVERY_NS) return;
    part.told = undefined;
    part.movedAt = now;
    this.tell(id, "moved");
  }
}

const stampOf = (
  item:
    | { readonly kind: "batch"; readonly stamp: Micros }
    | { readonly kind: "gap"; readonly from: Micros },
): Micros => (item.kind === "gap" ? item.from : item.stamp);
