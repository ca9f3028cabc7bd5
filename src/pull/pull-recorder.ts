// What a tick needs: how many were pulled since the last one, and how many pullers are active. Knows no clock; times are ns on
// the clock of the run. Steps and totals: pull-sum.ts.
import { CounterReader, type PullCounters } from "./counter-reader.ts";

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

type Mark = { readonly at: number; readonly active: number };

const NO_COUNTERS: PullCounters = { pulls: 0, failed: 0, bytes: 0 };

export class PullRecorder {
  readonly #counters: CounterReader;
  readonly #beganAt: number;
  #phase = "run";
  #active = 0;
  #activeArea = 0;
  #activeAt: number;
  #tick: Mark;
  #tickCounters = NO_COUNTERS;

  constructor({
    tallies,
    now,
  }: {
    readonly tallies: readonly SharedArrayBuffer[];
    readonly now: number;
  }) {
    this.#counters = new CounterReader(tallies);
    this.#beganAt = now;
    this.#activeAt = now;
    this.#tick = this.#mark(now);
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
    return { at, active: this.#activeAreaAt(at) };
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

  /** Summed over pullers, so far. */
  activeSeconds(now: number): number {
    return this.#activeAreaAt(now) / 1e9;
  }
}
