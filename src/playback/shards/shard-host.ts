// Sessions of several recorders that share the paths. Adapters ask any of them; the one that is asked for a session owns it,
// and has all of them do the same at one instant. shard-messages.ts draws how.
import { type Micros, micros } from "../../core/units.ts";
import { parseSeek } from "../session/control-values.ts";
import type { OneShots } from "../session/one-shot.ts";
import type { ControlValue } from "../session/playhead.ts";
import { beginningOf, positionOf } from "../session/range.ts";
import { Refusal } from "../session/refusal.ts";
import { newSessionId, type Session } from "../session/session.ts";
import type { SessionDesk } from "../session/session-desk.ts";
import type {
  SessionDescription,
  SessionHost,
  SessionSummary,
  SessionWatcher,
} from "../session/session-host.ts";
import { earliest, mergedArchive } from "./merged-archive.ts";
import { follow, needsHold, nextStep, type Scene, type Wish } from "./next-step.ts";
import type { ShardBoard } from "./shard-board.ts";
import type { ShardLink } from "./shard-link.ts";
import type { Look, ShardNote, Step } from "./shard-messages.ts";
import type { ShardParts } from "./shard-part.ts";

export type ShardHostOptions = {
  readonly host: SessionHost;
  readonly parts: ShardParts;
  readonly link: ShardLink;
  readonly board: ShardBoard;
  readonly shard: number;
  readonly shards: number;
  readonly wall: () => Micros;
  readonly log: (sentence: string) => void;
};

/** How far ahead the instant of a change is: long enough for all to have heard of it. */
const LEAD_US = 150_000;
/** The shard that counts sessions. */
const COUNTING = 0;

type Caught = "dry" | "ended";

export class ShardHost implements SessionDesk {
  readonly oneShots: Pick<OneShots, "answer">;
  readonly #options: ShardHostOptions;
  /** Changes of a session, one by one. */
  readonly #queues = new Map<string, Promise<unknown>>();
  /** Which shards of a session have nothing more to play for now. */
  readonly #caught = new Map<string, Map<number, Caught>>();
  #turns = 0;
  /** This shard ends: its sessions go on at the others. */
  isLeaving = false;

  constructor(options: ShardHostOptions) {
    this.#options = options;
    this.oneShots = options.host.oneShots;
    options.host.watchSessions({
      onCreated: () => {},
      onEnded: ({ id }) => this.#onEnded(id),
    });
  }

  get size(): number {
    return this.#options.host.size;
  }

  find(id: string): Session {
    return this.#options.host.find(id);
  }

  use(id: string): Session {
    return this.#options.host.use(id);
  }

  list(): SessionSummary[] {
    return this.#options.host.list();
  }

  describe(id: string): SessionDescription {
    return this.#options.host.describe(id);
  }

  statistics(id: string): ReturnType<SessionHost["statistics"]> {
    return this.#options.host.statistics(id);
  }

  watchSessions(watcher: SessionWatcher): () => void {
    return this.#options.host.watchSessions(watcher);
  }

  /** Makes a session on all shards, the counting one first. Throws a Refusal. */
  async create(given: unknown, client: string): Promise<Session> {
    const { host, shard, link } = this.#options;
    this.#refuseUnlessComplete();
    const args = host.parse(given);
    const { archive } = await this.#scene("", { hold: false, among: this.#all });
    const bounds = { start: args.start, end: args.end };
    const now = this.#options.wall();
    const pos = await positionOf(archive, args.pos, {
      bounds,
      now,
      pos: await beginningOf(archive, bounds),
    });
    const id = newSessionId();
    const birth = { id, client, owner: shard, filter: args.filter.map(({ text }) => text) };
    const step: Step = {
      ...bounds,
      speed: args.speed,
      state: "pause",
      pos,
      move: "there",
      showsImage: false,
      at: now,
      anchor: null,
    };
    try {
      await link.ask(COUNTING, { do: "make", birth, step, isLimited: true });
      const others = this.#all.filter((one) => one !== COUNTING);
      await Promise.all(
        others.map((one) => link.ask(one, { do: "make", birth, step, isLimited: false })),
      );
      if (args.playAfter !== null) this.#playAfter(id, args.playAfter);
      else if (args.state !== "pause") await this.write(id, { name: "state", value: args.state });
      return host.find(id);
    } catch (error) {
      this.#endElsewhere(id, "it could not begin");
      if (host.has(id)) host.end(id, "it could not begin");
      throw error;
    }
  }

  /** Throws a Refusal, and then nothing has changed on any shard. */
  async write(id: string, written: { name: Wish["name"]; value: unknown }): Promise<ControlValue> {
    const { shard, link, host, parts, wall } = this.#options;
    const owner = parts.ownerOf(id);
    if (owner === undefined) throw new Refusal("missing", "no such session");
    if (owner !== shard) {
      const { value } = await link.ask(owner, { do: "write", id, ...written });
      return value;
    }
    const wish = { ...written, now: wall() };
    return this.#inTurn(id, async () => {
      this.#refuseUnlessComplete();
      host.use(id);
      await this.#change(id, this.#all, {
        hold: needsHold(parts.stepOf(id).step, wish),
        near: nearOf(wish),
        next: (scene) => nextStep(scene, wish),
      });
      return host.find(id).read(written.name);
    });
  }

  /** Ends it on all shards. */
  async end(id: string): Promise<void> {
    const { shard, link, host, parts } = this.#options;
    const owner = parts.ownerOf(id);
    if (owner === undefined || owner === shard) host.end(id);
    else await link.ask(owner, { do: "end", id, reason: "deleted" });
  }

  /** Asks the other shards for their parts of the image of now; how many images there will be with ours. */
  sync(id: string, inbox: string): number {
    const { link, board, shard } = this.#options;
    const others = board.present.filter((one) => one !== shard);
    for (const one of others) link.ask(one, { do: "sync", id, inbox }).catch(() => {});
    return others.length + 1;
  }

  /** What a part of a session that this shard owns has come to. */
  onNote({ note, id, shard, turn, played }: ShardNote): void {
    const { parts, host } = this.#options;
    if (parts.ownerOf(id) !== this.#options.shard) return;
    if (note === "used") {
      host.use(id);
      return;
    }
    if (parts.stepOf(id).turn !== turn) return;
    if (note === "trouble") this.#pause(id);
    else if (note === "grown") this.#wakeFromEmpty(id);
    else if (note === "moved") {
      this.#caughtOf(id).delete(shard);
      if (shard !== this.#options.shard) host.find(id).reached(played);
    } else {
      this.#caughtOf(id).set(shard, note);
      this.#followCaught(id);
    }
  }

  /** A shard is gone: what it owned is another's, and what played stands still. */
  onLost(lost: number): void {
    const { parts, board, shard, host } = this.#options;
    const [heir] = board.present;
    for (const id of parts.ids) {
      if (parts.ownerOf(id) === lost && heir !== undefined) parts.give(id, heir);
      const { pos } = host.find(id).course;
      const at = pos ?? micros(0);
      const gap = { from: at, to: at, dropped: 0, why: "shard", shard: lost } as const;
      if (parts.stepOf(id).step.state !== "pause") host.find(id).announce({ type: "gap", gap });
      if (parts.ownerOf(id) === shard) this.#pause(id);
    }
  }

  /** A shard is there, or there again: it gets the sessions that this one owns. */
  onAppeared(appeared: number): void {
    const { parts, shard, link, host, log } = this.#options;
    for (const id of parts.ids.filter((one) => parts.ownerOf(one) === shard)) {
      const { client, filter } = host.find(id);
      this.#inTurn(id, async () => {
        const { step } = parts.stepOf(id);
        const birth = { id, client, owner: shard, filter };
        const there = { ...step, move: "there", showsImage: true } as const;
        await link.ask(appeared, { do: "make", birth, step: there, isLimited: false });
      }).catch((error: unknown) => log(`shard ${appeared} has no session ${id}: ${String(error)}`));
    }
  }

  get #all(): readonly number[] {
    return Array.from({ length: this.#options.shards }, (_, shard) => shard);
  }

  #refuseUnlessComplete(): void {
    const { trouble } = this.#options.board;
    if (trouble !== undefined) throw new Refusal("not-ready", trouble);
  }

  #inTurn<T>(id: string, change: () => Promise<T>): Promise<T> {
    const turn = (this.#queues.get(id) ?? Promise.resolve()).then(change);
    this.#queues.set(
      id,
      turn.catch(() => {}),
    );
    return turn;
  }

  /** Three steps, or nothing. */
  async #change(
    id: string,
    among: readonly number[],
    {
      hold,
      near = null,
      next,
    }: {
      hold: boolean;
      near?: Micros | null;
      next: (scene: Scene) => Promise<Step | undefined> | Step | undefined;
    },
  ): Promise<void> {
    const { link } = this.#options;
    const turn = this.#nextTurn();
    const toAll = async (step: Step | undefined): Promise<void> => {
      if (step === undefined) throw NOTHING;
      const offsets = await this.#offsets(among);
      const asked = among.map((shard, index) => {
        const at = micros(step.at + (offsets[index] as number));
        return link.ask(shard, { do: "prepare", id, turn, step: { ...step, at } });
      });
      const answers = await Promise.all(asked);
      const follows = earliest(answers.flatMap(({ next: one }) => (one === null ? [] : [one])));
      const anchor = step.anchor ?? (step.state === "play" ? (follows ?? step.pos) : null);
      this.#caught.delete(id);
      await Promise.all(among.map((shard) => link.ask(shard, { do: "commit", id, turn, anchor })));
    };
    try {
      await toAll(await next(await this.#scene(id, { hold, near, among })));
    } catch (error) {
      const aborted = among.map((shard) => link.ask(shard, { do: "abort", id, turn }));
      await Promise.allSettled(aborted);
      if (error !== NOTHING) throw error;
    }
  }

  /** Numbers of changes are never the same, whoever owns the session later. */
  #nextTurn(): number {
    this.#turns++;
    return this.#turns * this.#options.shards + this.#options.shard;
  }

  async #scene(
    id: string,
    { hold, near = null, among }: { hold: boolean; near?: Micros | null; among: readonly number[] },
  ): Promise<Scene> {
    const { link, parts, wall } = this.#options;
    const looks: Look[] = await Promise.all(
      among.map((shard) => link.ask(shard, { do: "look", id, hold, near })),
    );
    const archive = mergedArchive(looks, (from, count) =>
      Promise.all(
        among.map(async (shard) => (await link.ask(shard, { do: "stamps", from, count })).stamps),
      ),
    );
    const at = micros(wall() + LEAD_US);
    const step = id === "" ? NO_STEP : parts.stepOf(id).step;
    return { step, at, played: looks.map(({ played }) => played), archive };
  }

  #offsets(among: readonly number[]): Promise<Micros[]> {
    const { board, link, shard: own } = this.#options;
    return Promise.all(
      among.map((shard) => {
        const there = board.others.find((one) => one.shard === shard);
        return shard === own || there === undefined ? micros(0) : link.offsetOf(there);
      }),
    );
  }

  #playAfter(id: string, delay: Micros): void {
    const play = (): void => {
      this.write(id, { name: "state", value: "play" }).catch(() => {});
    };
    setTimeout(play, delay / 1000).unref();
  }

  #caughtOf(id: string): Map<number, Caught> {
    const known = this.#caught.get(id);
    if (known !== undefined) return known;
    const made = new Map<number, Caught>();
    this.#caught.set(id, made);
    return made;
  }

  /** All have run out of data: tail. All have come to the end: pause there. */
  #followCaught(id: string): void {
    this.#internally(id, async () => {
      const { parts, shards } = this.#options;
      const { step } = parts.stepOf(id);
      const caught = [...this.#caughtOf(id).values()];
      if (caught.length < shards || step.state === "pause") return;
      const isEnd = caught.every((one) => one === "ended");
      if (!isEnd && step.state === "tail") return;
      await this.#change(id, this.#all, {
        hold: isEnd,
        next: (scene) => {
          if (!isEnd) return follow(scene, { ...step, state: "tail" });
          const stopped = follow(scene, { ...step, state: "pause" });
          return { ...stopped, pos: step.end ?? stopped.pos };
        },
      });
    });
  }

  /** With whoever is there. */
  #pause(id: string): void {
    this.#internally(id, async () => {
      const { step } = this.#options.parts.stepOf(id);
      if (step.state === "pause") return;
      await this.#change(id, this.#options.board.present, {
        hold: true,
        next: (scene) => follow(scene, { ...step, state: "pause" }),
      });
    });
  }

  #wakeFromEmpty(id: string): void {
    this.#internally(id, async () => {
      const { step } = this.#options.parts.stepOf(id);
      if (step.pos !== null || step.state !== "pause") return;
      await this.#change(id, this.#all, {
        hold: false,
        next: async ({ archive, at }) => {
          const pos = await beginningOf(archive, step);
          return { ...step, pos, move: "there", showsImage: false, at, anchor: null };
        },
      });
    });
  }

  /** Nobody waits for it. */
  #internally(id: string, change: () => Promise<void>): void {
    this.#inTurn(id, async () => {
      if (this.#options.host.has(id)) await change();
    }).catch((error: unknown) =>
      this.#options.log(`session ${id}: ${error instanceof Error ? error.message : error}`),
    );
  }

  #onEnded(id: string): void {
    const { host, parts, shard } = this.#options;
    if (host.has(id)) return;
    const isOurs = parts.ownerOf(id) === shard && !this.isLeaving;
    parts.forget(id);
    if (isOurs) this.#endElsewhere(id, "its owner ended it");
    this.#queues.delete(id);
    this.#caught.delete(id);
  }

  #endElsewhere(id: string, reason: string): void {
    const { link, board, shard } = this.#options;
    for (const one of board.present)
      if (one !== shard) link.ask(one, { do: "end", id, reason }).catch(() => {});
  }
}

/** Nothing changes, which is no failure. */
const NOTHING = new Refusal("bad", "nothing changes");

/** Of a session that is about to be made. */
const NO_STEP: Step = {
  start: null,
  end: null,
  speed: 1,
  state: "pause",
  pos: null,
  move: "on",
  showsImage: false,
  at: micros(0),
  anchor: null,
};

/** Where a seek leads to: files may have to be looked for. */
const nearOf = ({ name, value, now }: Wish): Micros | null => {
  if (name !== "pos") return null;
  const seek = parseSeek(value, now);
  return seek.kind === "instant" ? seek.stamp : null;
};
