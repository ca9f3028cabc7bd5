// How all shards of a session come to do the same: one change after the other, each in three steps. shard-messages.ts draws them.
import { type Micros, micros } from "../../core/units.ts";
import { Refusal } from "../session/refusal.ts";
import { earliest, mergedArchive } from "./merged-archive.ts";
import type { Scene } from "./next-step.ts";
import type { ShardBoard } from "./shard-board.ts";
import type { Answered, ShardLink } from "./shard-link.ts";
import type { ShardRequest, Step } from "./shard-messages.ts";
import type { ShardParts } from "./shard-part.ts";

export type ShardChangesOptions = {
  readonly parts: ShardParts;
  readonly link: ShardLink;
  readonly board: ShardBoard;
  readonly shard: number;
  readonly shards: number;
  readonly wall: () => Micros;
};

/** How far ahead the instant of a change is: long enough for all to have heard of it. */
const LEAD_US = 150_000;

export type Change = {
  readonly among: readonly number[];
  /** Whether all stand still from the first step on. */
  readonly hold: boolean;
  /** Files may have to be looked for there. */
  readonly near?: Micros | null;
  /** undefined: nothing is to change. */
  readonly next: (scene: Scene) => Promise<Step | undefined> | Step | undefined;
  /** All have agreed, and it is about to happen. */
  readonly onAgreed: () => void;
};

export class ShardChanges {
  readonly #options: ShardChangesOptions;
  /** Of each session. */
  readonly #queues = new Map<string, Promise<unknown>>();
  readonly #agreed = new Map<string, number>();
  #turns = 0;

  constructor(options: ShardChangesOptions) {
    this.#options = options;
  }

  get all(): readonly number[] {
    return Array.from({ length: this.#options.shards }, (_, shard) => shard);
  }

  /** Throws a Refusal. */
  refuseUnlessComplete(): void {
    const { trouble } = this.#options.board;
    if (trouble !== undefined) throw new Refusal("not-ready", trouble);
  }

  /** After the changes of the session that were asked for before. */
  inTurn<T>(id: string, change: () => Promise<T>): Promise<T> {
    const turn = (this.#queues.get(id) ?? Promise.resolve()).then(change);
    this.#queues.set(
      id,
      turn.catch(() => {}),
    );
    return turn;
  }

  /** Three steps, or nothing. */
  async change(id: string, { among, hold, near = null, next, onAgreed }: Change): Promise<void> {
    const turn = this.#nextTurn();
    try {
      const step = await next(await this.scene(id, { hold, near, among }));
      if (step === undefined) {
        await this.#abort(id, { among, turn });
        return;
      }
      const anchor = await this.#prepare(id, { among, turn, step });
      this.#agreed.set(id, turn);
      onAgreed();
      await this.#commit(id, { among, turn, anchor });
    } catch (error) {
      await this.#abort(id, { among, turn });
      throw error;
    }
  }

  /** The number of the last change that all have agreed on, though it may not have happened everywhere. */
  turnOf(id: string): number {
    return this.#agreed.get(id) ?? this.#options.parts.stepOf(id).turn;
  }

  /** The session has ended. */
  forget(id: string): void {
    this.#queues.delete(id);
    this.#agreed.delete(id);
  }

  /** Gives the archive time that is due at the instant of the change, if anything is. */
  async #prepare(
    id: string,
    { among, turn, step }: { among: readonly number[]; turn: number; step: Step },
  ): Promise<Micros | null> {
    const offsets = await this.#offsets(among);
    const answers = await this.#toAll(among, (_, index) => {
      const at = micros(step.at + (offsets[index] ?? 0));
      return { do: "prepare", id, turn, step: { ...step, at } } as const;
    });
    const follows = earliest(answers.flatMap(({ next }) => (next === null ? [] : [next])));
    return step.anchor ?? (step.state === "play" ? (follows ?? step.pos) : null);
  }

  /** Also where one of them fails, the next change has to wait until it has happened at the others. */
  async #commit(
    id: string,
    { among, turn, anchor }: { among: readonly number[]; turn: number; anchor: Micros | null },
  ): Promise<void> {
    const { link } = this.#options;
    const asked = among.map((shard) => link.ask(shard, { do: "commit", id, turn, anchor }));
    await Promise.allSettled(asked);
    await Promise.all(asked);
  }

  /** Whoever was asked to stand still goes on. */
  async #abort(
    id: string,
    { among, turn }: { among: readonly number[]; turn: number },
  ): Promise<void> {
    const { link } = this.#options;
    await Promise.allSettled(among.map((shard) => link.ask(shard, { do: "abort", id, turn })));
  }

  #toAll<R extends ShardRequest>(
    among: readonly number[],
    requestTo: (shard: number, index: number) => R,
  ): Promise<Answered<R>[]> {
    const { link } = this.#options;
    return Promise.all(among.map((shard, index) => link.ask(shard, requestTo(shard, index))));
  }

  /** Where all are, and their archives taken together. No id: of a session that is about to be made. */
  async scene(
    id: string,
    { hold, near = null, among }: { hold: boolean; near?: Micros | null; among: readonly number[] },
  ): Promise<Scene> {
    const { parts, wall } = this.#options;
    const looks = await this.#toAll(among, () => ({ do: "look", id, hold, near }) as const);
    const archive = mergedArchive(looks, async (from, count) => {
      const answers = await this.#toAll(among, () => ({ do: "stamps", from, count }) as const);
      return answers.map(({ stamps }) => stamps);
    });
    const at = micros(wall() + LEAD_US);
    const step = id === "" ? NO_STEP : parts.stepOf(id).step;
    return { step, at, played: looks.map(({ played }) => played), archive };
  }

  /** Numbers of changes are never the same, whoever owns the session later. */
  #nextTurn(): number {
    this.#turns++;
    return this.#turns * this.#options.shards + this.#options.shard;
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
}

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
