// Gathers what a run measures: ticks, steps, totals. Knows no clock; times are ns on the clock of the run.
import { nanos } from "../core/units.ts";
import { TallyReader } from "../stats/tally-reader.ts";
import { BoardWord, type PullBoard } from "../workers/pull-board.ts";
import { CounterReader, type PullCounters } from "./counter-reader.ts";
import { mergeIntervals, type PullInterval, pullInterval } from "./pull-interval.ts";
import type { StepRecord } from "./step-record.ts";

/** A row of tally.tsv. `active`: started and not yet told to stop. */
export type TallyPoint = {
  readonly phase: string;
  /** Seconds since the driver began, at the end of the interval, and its length. */
  readonly at: number;
  readonly seconds: number;
  readonly pulls: number;
  readonly failed: number;
  readonly bytes: number;
  readonly active: number;
  /** Time-weighted. */
  readonly meanActive: number;
};

type Mark = {
  readonly at: number;
  readonly inProgress: number;
  readonly active: number;
  readonly cpu: number;
};

const NO_COUNTERS: PullCounters = { pulls: 0, failed: 0, bytes: 0 };

export class PullRecorder {
  readonly steps: StepRecord[] = [];
  /** Everything measured, by phase. */
  readonly #parts: { readonly phase: string; readonly interval: PullInterval }[] = [];
  readonly #reader: TallyReader;
  readonly #counters: CounterReader;
  readonly #boards: readonly PullBoard[];
  readonly #beganAt: number;
  #phase = "run";
  #active = 0;
  #activeArea = 0;
  #activeAt: number;
  #step: Mark;
  #tick: Mark;
  #tickCounters = NO_COUNTERS;

  constructor({
    tallies,
    boards,
    now,
  }: {
    readonly tallies: readonly SharedArrayBuffer[];
    readonly boards: readonly PullBoard[];
    readonly now: number;
  }) {
    this.#reader = new TallyReader(tallies);
    this.#counters = new CounterReader(tallies);
    this.#boards = boards;
    this.#beganAt = now;
    this.#activeAt = now;
    this.#step = this.#mark(now);
    this.#tick = this.#step;
  }

  get active(): number {
    return this.#active;
  }

  get phase(): string {
    return this.#phase;
  }

  beginPhase(phase: string): void {
    this.#phase = phase;
  }

  activeChanged(active: number, now: number): void {
    this.#activeArea = this.#activeAreaAt(now);
    this.#activeAt = now;
    this.#active = active;
  }

  #activeAreaAt(now: number): number {
    return this.#activeArea + this.#active * (now - this.#activeAt);
  }

  #mark(at: number): Mark {
    const sum = (of: (board: PullBoard) => number): number =>
      this.#boards.reduce((total, board) => total + of(board), 0);
    return {
      at,
      inProgress: sum((board) => board.areaAt(at)),
      active: this.#activeAreaAt(at),
      cpu: sum((board) => board.get(BoardWord.cpuNanos)),
    };
  }

  /** What happened since the last tick. */
  tick(now: number): TallyPoint {
    const before = this.#tick;
    const counted = this.#tickCounters;
    this.#tick = this.#mark(now);
    this.#tickCounters = this.#counters.read();
    const span = now - before.at;
    return {
      phase: this.#phase,
      at: (now - this.#beganAt) / 1e9,
      seconds: span / 1e9,
      pulls: this.#tickCounters.pulls - counted.pulls,
      failed: this.#tickCounters.failed - counted.failed,
      bytes: this.#tickCounters.bytes - counted.bytes,
      active: this.#active,
      meanActive: span > 0 ? (this.#tick.active - before.active) / span : this.#active,
    };
  }

  /** Figures so far, without ending an interval: for a finer course of the rate. `activeSeconds`: summed over pullers. */
  soFar(now: number): PullCounters & { readonly activeSeconds: number } {
    return { ...this.#counters.read(), activeSeconds: this.#activeAreaAt(now) / 1e9 };
  }

  /** What came so far belongs to the totals and to no step: the settling of one, the time between phases, the drain. */
  skip(now: number): void {
    const interval = this.#take(now);
    this.#parts.push({ phase: this.#phase, interval });
  }

  /** The same for what is not measured at all: it is handed back and in no total. */
  discard(now: number): PullInterval {
    return this.#take(now);
  }

  endStep(now: number, { step, level }: { readonly step: number; readonly level: number }): void {
    const before = this.#step;
    const interval = this.#take(now);
    this.#parts.push({ phase: this.#phase, interval });
    const span = now - before.at;
    const { health } = this.#lastHealth;
    this.steps.push({
      phase: this.#phase,
      step,
      level,
      from: (before.at - this.#beganAt) / 1e9,
      seconds: span / 1e9,
      interval,
      meanInProgress: (this.#step.inProgress - before.inProgress) / span,
      meanActive: (this.#step.active - before.active) / span,
      cpuShare: (this.#step.cpu - before.cpu) / (span * this.#boards.length),
      loopDelayP99Ms: Math.max(...health) / 1e6,
    });
  }

  #lastHealth: { readonly health: readonly number[] } = { health: [0] };

  #take(now: number): PullInterval {
    const snapshot = this.#reader.takeInterval(nanos(this.#step.at), nanos(now));
    this.#step = this.#mark(now);
    this.#lastHealth = { health: snapshot.health.map(({ loopDelayP99 }) => loopDelayP99) };
    return pullInterval(snapshot);
  }

  /** Of one phase, or of all. */
  totals(phase?: string): PullInterval {
    const parts = this.#parts.filter((part) => phase === undefined || part.phase === phase);
    return mergeIntervals(parts.map(({ interval }) => interval));
  }

  boardSum(word: number): number {
    return this.#boards.reduce((total, board) => total + board.get(word), 0);
  }
}
