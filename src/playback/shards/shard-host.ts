// Sessions of several recorders that share the paths. Adapters ask any of them; the one that is asked for a session owns it,
// and has all of them do the same at one instant. shard-messages.ts draws how.
import { messageOf } from "../../core/errors.ts";
import { type Micros, micros, nanos } from "../../core/units.ts";
import type { WakeSlot, WakeSource } from "../clock/wake-clock.ts";
import { parseSeek } from "../session/control-values.ts";
import type { OneShots } from "../session/one-shot.ts";
import type { ControlValue } from "../session/playhead.ts";
import { aimOf, beginningOf, positionOf } from "../session/range.ts";
import { Refusal } from "../session/refusal.ts";
import { newSessionId, type Session } from "../session/session.ts";
import type {
  SessionDescription,
  SessionDesk,
  SessionFacts,
  SessionSummary,
  SessionWatcher,
} from "../session/session-desk.ts";
import type { SessionHost } from "../session/session-host.ts";
import { needsHold, nextStep, type Wish } from "./next-step.ts";
import type { ShardBoard } from "./shard-board.ts";
import type { ShardChanges } from "./shard-changes.ts";
import type { ShardLink } from "./shard-link.ts";
import type { Step } from "./shard-messages.ts";
import type { ShardParts } from "./shard-part.ts";
import type { SharedCourse } from "./shared-course.ts";

export type ShardHostOptions = {
  readonly host: SessionHost;
  readonly parts: ShardParts;
  readonly link: ShardLink;
  readonly board: ShardBoard;
  readonly changes: ShardChanges;
  readonly course: SharedCourse;
  readonly shard: number;
  readonly wake: WakeSource;
  readonly wall: () => Micros;
  readonly log: (sentence: string) => void;
};

/** The shard that counts sessions. */
const COUNTING = 0;

export class ShardHost implements SessionDesk {
  readonly oneShots: Pick<OneShots, "answer">;
  readonly #options: ShardHostOptions;
  /** Sessions that begin to play by themselves, unless somebody changes their state before. */
  readonly #toPlay = new Map<string, WakeSlot>();
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

  statistics(id: string): SessionFacts {
    return this.#options.host.statistics(id);
  }

  watchSessions(watcher: SessionWatcher): () => void {
    return this.#options.host.watchSessions(watcher);
  }

  /** Makes a session on all shards, the counting one first. Throws a Refusal. */
  async create(given: unknown, client: string): Promise<Session> {
    const { host, shard, link, changes } = this.#options;
    changes.refuseUnlessComplete();
    const args = host.parse(given);
    const near = aimOf(args.pos, null);
    const { archive } = await changes.scene("", { hold: false, near, among: changes.all });
    const bounds = { start: args.start, end: args.end };
    const now = this.#options.wall();
    const pos = await positionOf(archive, args.pos, {
      bounds,
      now,
      pos: await beginningOf(archive, bounds),
    });
    const id = newSessionId();
    const claim = { owner: shard, term: 0 };
    const birth = { id, client, claim, filter: args.filter.map(({ text }) => text) };
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
      const others = changes.all.filter((one) => one !== COUNTING);
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
    const { shard, link, host, parts, wall, changes, course } = this.#options;
    const owner = parts.ownerOf(id);
    if (owner === undefined) throw new Refusal("missing", "no such session");
    if (owner !== shard) {
      const { value } = await link.ask(owner, { do: "write", id, ...written });
      return value;
    }
    const wish = { ...written, now: wall() };
    return changes.inTurn(id, async () => {
      changes.refuseUnlessComplete();
      host.use(id);
      await changes.change(id, {
        among: changes.all,
        hold: needsHold(parts.stepOf(id).step, wish),
        near: nearOf(wish, host.find(id).course.pos),
        next: (scene) => nextStep(scene, wish),
        onAgreed: () => course.forget(id),
      });
      if (written.name === "state") this.#cancelPlay(id);
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

  /** A shard is gone: what it owned is another's, and what played stands still. */
  onLost(lost: number): void {
    const { parts, board, shard, host } = this.#options;
    const [heir] = board.present;
    for (const id of parts.ids) {
      if (parts.ownerOf(id) === lost && heir !== undefined) parts.inherit(id, heir);
      const { pos } = host.find(id).course;
      const at = pos ?? micros(0);
      const gap = { from: at, to: at, dropped: 0, why: "shard", shard: lost } as const;
      if (parts.stepOf(id).step.state !== "pause") host.find(id).announce({ type: "gap", gap });
      if (parts.ownerOf(id) === shard) this.#options.course.pause(id);
    }
  }

  /** A shard is there, or there again: it gets the sessions that this one owns. */
  onAppeared(appeared: number): void {
    const { parts, shard, link, host, log, changes } = this.#options;
    for (const id of parts.ids.filter((one) => parts.ownerOf(one) === shard)) {
      const { client, filter } = host.find(id);
      const turn = changes.inTurn(id, async () => {
        const { step } = parts.stepOf(id);
        const birth = { id, client, claim: parts.claimOf(id), filter };
        const there = { ...step, move: "there", showsImage: true } as const;
        await link.ask(appeared, { do: "make", birth, step: there, isLimited: false });
      });
      turn.catch((error: unknown) =>
        log(`shard ${appeared} does not take part in session ${id}: ${messageOf(error)}`),
      );
    }
  }

  #playAfter(id: string, delay: Micros): void {
    const { wake, log } = this.#options;
    const slot = wake.slot(() => {
      this.#cancelPlay(id);
      this.write(id, { name: "state", value: "play" }).catch((error: unknown) =>
        log(`session ${id} does not begin to play: ${messageOf(error)}`),
      );
    });
    this.#toPlay.set(id, slot);
    slot.at(nanos(wake.now() + delay * 1000));
  }

  #cancelPlay(id: string): void {
    this.#toPlay.get(id)?.release();
    this.#toPlay.delete(id);
  }

  #onEnded(id: string): void {
    const { host, parts, shard, changes, course } = this.#options;
    if (host.has(id)) return;
    const isOurs = parts.ownerOf(id) === shard && !this.isLeaving;
    parts.forget(id);
    if (isOurs) this.#endElsewhere(id, "its owner ended it");
    changes.forget(id);
    course.forget(id);
    this.#cancelPlay(id);
  }

  #endElsewhere(id: string, reason: string): void {
    const { link, board, shard } = this.#options;
    for (const one of board.present)
      if (one !== shard) link.ask(one, { do: "end", id, reason }).catch(() => {});
  }
}

/** Where a seek leads to: files may have to be looked for. */
const nearOf = ({ name, value, now }: Wish, pos: Micros | null): Micros | null =>
  name === "pos" ? aimOf(parseSeek(value, now), pos) : null;
