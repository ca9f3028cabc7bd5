// What a shard does of sessions that are on all shards: its own part of each. Whatever the owner of a session asks for is done
// here, also by the owner itself.
import { compileGlob, matchesAny } from "../../archive/glob.ts";
import { type Micros, micros, type Nanos, nanos } from "../../core/units.ts";
import type { WakeSource } from "../clock/wake-clock.ts";
import type { Agreement } from "../session/playhead.ts";
import { Refusal } from "../session/refusal.ts";
import type { Session } from "../session/session.ts";
import type { PlaybackArchive, SharedPlay } from "../session/session-context.ts";
import type { SessionHost } from "../session/session-host.ts";
import type { Look, ShardAnswers, ShardNote, ShardRequest, Step } from "./shard-messages.ts";

export type ShardPartsOptions = {
  readonly host: SessionHost;
  readonly archive: PlaybackArchive;
  readonly wake: WakeSource;
  readonly wall: () => Micros;
  readonly shard: number;
  readonly note: (to: number, note: ShardNote) => void;
  readonly onSync: (id: string, inbox: string) => void;
};

/** Where a session is told of at most this often while it plays. */
const MOVED_EVERY_NS = 250e6;
/** An owner that asked to stand still and then says nothing is not waited for longer. */
const HOLD_MS_MAX = 5000;

type Part = {
  readonly session: Session;
  owner: number;
  /** What it plays by; of the change that made it so. */
  step: Step;
  turn: number;
  prepared: { readonly turn: number; readonly step: Step } | undefined;
  told: "dry" | "ended" | undefined;
  movedAt: number;
  hold: NodeJS.Timeout | undefined;
};

type Request<Do extends ShardRequest["do"]> = Extract<ShardRequest, { readonly do: Do }>;
const DONE: Record<string, never> = {};

export class ShardParts {
  readonly #options: ShardPartsOptions;
  readonly #parts = new Map<string, Part>();

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
        return this.#commit(request);
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
    return this.#parts.get(id)?.owner;
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
    clearTimeout(this.#parts.get(id)?.hold);
    this.#parts.delete(id);
  }

  /** Another shard has the session from now on. */
  give(id: string, owner: number): void {
    const { shard, host } = this.#options;
    const part = this.#part(id);
    const [wasOurs, isOurs] = [part.owner === shard, owner === shard];
    part.owner = owner;
    if (wasOurs !== isOurs) host.own(id, isOurs);
  }

  tell(id: string, what: ShardNote["note"]): void {
    const part = this.#part(id);
    const { shard, note } = this.#options;
    const { played } = part.session.course;
    note(part.owner, { note: what, id, shard, turn: part.turn, played });
  }

  #part(id: string): Part {
    const part = this.#parts.get(id);
    if (part === undefined) throw new Refusal("missing", "no such session");
    return part;
  }

  async #look({ id, hold, near }: Request<"look">): Promise<Look> {
    const { archive, host } = this.#options;
    if (near !== null) await host.lookForFiles(near);
    const part = id === "" ? undefined : this.#part(id);
    if (hold && part !== undefined) this.#hold(part);
    const played = part?.session.course.played ?? micros(-1);
    return { first: await archive.firstOfAll(), last: archive.last(), played };
  }

  #hold(part: Part): void {
    part.session.hold();
    clearTimeout(part.hold);
    part.hold = setTimeout(() => part.session.letGo(), HOLD_MS_MAX).unref();
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
    const { id, client, owner } = birth;
    const known = this.#parts.get(id);
    if (known !== undefined) {
      // Shards that did not see each other for a while may both have taken a session over: it is of the first of them.
      if (known.owner === shard && shard < owner)
        throw new Refusal("not-ready", `session ${id} is of shard ${shard}`);
      this.give(id, owner);
      await this.#take(known, step, known.turn);
      return DONE;
    }
    const args = {
      ...step,
      pos: { kind: "beginning" },
      state: "pause",
      playAfter: null,
      filter: birth.filter.map((text) => compileGlob(text)),
    } as const;
    const isReplica = owner !== shard;
    const session = host.adopt({ id, client, args, isLimited, isReplica }, this.#shared(id));
    const part: Part = {
      session,
      owner,
      step,
      turn: 0,
      prepared: undefined,
      told: undefined,
      movedAt: Number.NEGATIVE_INFINITY,
      hold: undefined,
    };
    this.#parts.set(id, part);
    await this.#take(part, step, 0);
    return DONE;
  }

  async #prepare({ id, turn, step }: Request<"prepare">): Promise<{ next: Micros | null }> {
    const part = this.#part(id);
    part.prepared = { turn, step };
    if (step.pos === null || step.state !== "play") return { next: null };
    const globs = part.session.filter.map((text) => compileGlob(text));
    const passes = { matches: (path: string) => matchesAny(globs, path) };
    const cursor = this.#options.archive.cursor(step.pos, passes);
    try {
      for (let item = await cursor.next(); item !== null; item = await cursor.next())
        if (item.kind === "batch") return { next: item.stamp };
      return { next: null };
    } finally {
      cursor.close();
    }
  }

  async #commit({ id, turn, anchor }: Request<"commit">): Promise<Record<string, never>> {
    const part = this.#part(id);
    const { prepared } = part;
    if (prepared?.turn !== turn) throw new Refusal("not-ready", "that change was not prepared");
    part.prepared = undefined;
    await this.#until(prepared.step.at);
    await this.#take(part, { ...prepared.step, anchor }, turn);
    return DONE;
  }

  #abort({ id, turn }: Request<"abort">): Record<string, never> {
    const part = this.#part(id);
    if (part.prepared?.turn === turn) part.prepared = undefined;
    clearTimeout(part.hold);
    part.session.letGo();
    return DONE;
  }

  async #take(part: Part, step: Step, turn: number): Promise<void> {
    clearTimeout(part.hold);
    part.step = step;
    part.turn = turn;
    part.told = undefined;
    await part.session.agree(this.#agreement(step));
  }

  #agreement({ start, end, speed, state, pos, move, showsImage, at, anchor }: Step): Agreement {
    const isPaced = state === "play" && speed !== "unlimited" && anchor !== null;
    const pair = isPaced ? { archive: anchor, mono: this.#monoOf(at), speed } : undefined;
    return { bounds: { start, end }, speed, state, pos, move, showsImage, pair };
  }

  #monoOf(at: Micros): Nanos {
    const { wake, wall } = this.#options;
    return nanos(wake.now() + (at - wall()) * 1000);
  }

  /** By the pacing thread, since timers of the system come when they like. */
  #until(at: Micros): Promise<void> {
    const due = this.#monoOf(at);
    if (due <= this.#options.wake.now()) return Promise.resolve();
    return new Promise((resolve) => {
      const slot = this.#options.wake.slot(() => {
        slot.release();
        resolve();
      });
      slot.at(due);
    });
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
