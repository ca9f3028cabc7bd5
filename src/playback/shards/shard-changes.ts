// How all shards of a session come to do the same: one change after the other, each in four steps, on all of them or on none.
// shard-messages.ts draws them.
import { setTimeout as sleep } from "node:timers/promises";
import { messageOf } from "../../core/errors.ts";
import { type Micros, micros } from "../../core/units.ts";
import { Refusal } from "../session/refusal.ts";
import { earliest, mergedArchive } from "./merged-archive.ts";
import type { Scene } from "./next-step.ts";
import type { ShardBoard } from "./shard-board.ts";
import { type Answered, type ShardLink, Unanswered } from "./shard-link.ts";
import type { Round, ShardRequest, Step } from "./shard-messages.ts";
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
/** A shard that does not say whether it has taken a change back is asked again, until it is lost: 5 s of silence. */
const ABORT_EVERY_MS = 500;
const ABORTS_MAX = 12;

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

type Failure = { readonly shard: number; readonly error: unknown };

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

  /** On all of them, or on none. Rejects with why not. */
  async change(id: string, { among, hold, near = null, next, onAgreed }: Change): Promise<void> {
    const round = { id, claim: this.#options.parts.claimOf(id), turn: this.#nextTurn() };
    let anchor: Micros | null;
    try {
      const step = await next(await this.scene(id, { hold, near, among }));
      if (step === undefined) {
        await this.#abort(round, among);
        return;
      }
      anchor = await this.#prepare(round, { among, step });
    } catch (error) {
      await this.#abort(round, among);
      throw error;
    }
    const before = this.turnOf(id);
    this.#agreed.set(id, round.turn);
    onAgreed();
    await this.#commit(round, { among, anchor, before });
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
    round: Round,
    { among, step }: { among: readonly number[]; step: Step },
  ): Promise<Micros | null> {
    const offsets = await this.#offsets(among);
    const answers = await this.#toAll(among, (_, index) => {
      const at = micros(step.at + (offsets[index] ?? 0));
      return { do: "prepare", ...round, step: { ...step, at } } as const;
    });
    const follows = earliest(answers.flatMap(({ next }) => (next === null ? [] : [next])));
    return step.anchor ?? (step.state === "play" ? (follows ?? step.pos) : null);
  }

  /**
   * All say that they will, then all say that they have. Where one that is there does not, the others take the change back. One
   * that is lost is no reason to: it is given what the others do when it is back, and until then they pause.
   */
  async #commit(
    round: Round,
    { among, anchor, before }: { among: readonly number[]; anchor: Micros | null; before: number },
  ): Promise<void> {
    const { link } = this.#options;
    const refusalIn = (failures: readonly Failure[]) =>
      failures.find(({ shard }) => !link.isLost(shard));
    const silent = await this.#failures(among, { do: "commit", ...round, anchor });
    const left = among.filter((one) => silent.every(({ shard }) => shard !== one));
    const settles = refusalIn(silent) === undefined;
    const unsettled = settles ? await this.#failures(left, { do: "settle", ...round }) : [];
    const failures = [...silent, ...unsettled];
    const refusal = refusalIn(failures);
    if (refusal === undefined) {
      for (const { error } of failures) throw error;
      return;
    }
    this.#agreed.set(round.id, before);
    const unsure = await this.#abort(round, among, ABORTS_MAX);
    throw unsure.length === 0 ? refusal.error : unsureOf(refusal.error, unsure);
  }

  /** Who did not, and why. Waits for all. */
  async #failures(among: readonly number[], request: ShardRequest): Promise<Failure[]> {
    const { link } = this.#options;
    const asked = await Promise.allSettled(among.map((shard) => link.ask(shard, request)));
    return asked.flatMap((one, index) =>
      one.status === "rejected" ? [{ shard: among[index] ?? 0, error: one.reason }] : [],
    );
  }

  /** Whoever was asked to stand still goes on, whoever has the change takes it back. Gives who does not say that it did. */
  async #abort(round: Round, among: readonly number[], times = 1): Promise<number[]> {
    const failures = await this.#failures(among, { do: "abort", ...round });
    const unsure = failures
      .filter(
        ({ shard, error }) => error instanceof Unanswered && !this.#options.link.isLost(shard),
      )
      .map(({ shard }) => shard);
    if (unsure.length === 0 || times <= 1) return unsure;
    await sleep(ABORT_EVERY_MS);
    return this.#abort(round, unsure, times - 1);
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
    const claim = id === "" ? null : parts.claimOf(id);
    const looks = await this.#toAll(among, () => ({ do: "look", id, claim, hold, near }) as const);
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

const unsureOf = (error: unknown, shards: readonly number[]): Refusal =>
  new Refusal(
    "not-ready",
    `${messageOf(error)}; whether it has happened at shard ${shards.join(", ")} is not known`,
  );

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
