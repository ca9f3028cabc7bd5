import { type Nanos, nanos, type Seconds, seconds, secondsFromNanos } from "../../core/units.ts";
import { Lateness } from "../lateness.ts";
import type { OutgoingItem } from "./queued-item.ts";

/**
 * What was sent since the replay began, and how late. Times in seconds, null while nothing was sent. `drift` is the mean lateness
 * of the last tenth minus that of the first.
 */
export type BroadcastFigures = {
  /** Messages given to the sink or the hooks. */
  readonly sent: number;
  /** Of those, how many the sink or a hook refused, or the sink may have lost. */
  readonly failed: number;
  /** Payloads, as they were recorded. */
  readonly bytes: number;
  /** Messages whose time lies before that of the one before them: sent at once. */
  readonly negativeGaps: number;
  /** From the first to the last elapsed time. */
  readonly span: Seconds;
  /** From the first to the last sending. */
  readonly duration: Seconds;
  readonly lateness: {
    readonly p50: Seconds | null;
    readonly p90: Seconds | null;
    readonly p99: Seconds | null;
    readonly p999: Seconds | null;
    readonly max: Seconds | null;
  };
  readonly drift: Seconds | null;
};

/** Counts for one replay, or for several one after the other. */
export class BroadcastStatistics {
  #lateness = new Lateness();
  #sent = 0;
  #failed = 0;
  #bytes = 0;
  #negativeGaps = 0;
  #span = 0;
  #duration = 0;
  /** Elapsed times and instants of the first and the last message of the pass. */
  #hasFirst = false;
  #firstElapsed = 0;
  #firstAt = 0;
  #lastElapsed = 0;
  #lastAt = 0;

  /** Counts from nothing again. */
  clear(): void {
    this.#lateness = new Lateness();
    this.#sent = 0;
    this.#failed = 0;
    this.#bytes = 0;
    this.#negativeGaps = 0;
    this.#span = 0;
    this.#duration = 0;
    this.#forgetPass();
  }

  /** A pass over the log begins: spans and durations of passes add up. */
  beginPass(): void {
    this.#span = this.#spanSoFar();
    this.#duration = this.#durationSoFar();
    this.#forgetPass();
  }

  #forgetPass(): void {
    this.#hasFirst = false;
    this.#firstElapsed = 0;
    this.#firstAt = 0;
    this.#lastElapsed = 0;
    this.#lastAt = 0;
  }

  addSent(item: OutgoingItem, { due, at }: { readonly due: Nanos; readonly at: Nanos }): void {
    this.#sent++;
    this.#bytes += item.bytes.length;
    this.#lateness.add(nanos(at - due));
    this.#lastElapsed = item.elapsed_time;
    this.#lastAt = at;
    if (this.#hasFirst) return;
    this.#hasFirst = true;
    this.#firstElapsed = item.elapsed_time;
    this.#firstAt = at;
  }

  addFailed(count: number): void {
    this.#failed += count;
  }

  addNegativeGap(): void {
    this.#negativeGaps++;
  }

  figures(): BroadcastFigures {
    const late = this.#lateness.figures();
    return {
      sent: this.#sent,
      failed: this.#failed,
      bytes: this.#bytes,
      negativeGaps: this.#negativeGaps,
      // Elapsed times are multiples of 10 us; their differences as doubles are not.
      span: seconds(Math.round(this.#spanSoFar() * 1e5) / 1e5),
      duration: secondsFromNanos(nanos(this.#durationSoFar())),
      lateness: {
        p50: inSeconds(late.p50),
        p90: inSeconds(late.p90),
        p99: inSeconds(late.p99),
        p999: inSeconds(late.p999),
        max: inSeconds(late.max),
      },
      drift: inSeconds(late.drift),
    };
  }

  #spanSoFar(): number {
    return this.#span + Math.max(0, this.#lastElapsed - this.#firstElapsed);
  }

  #durationSoFar(): number {
    return this.#duration + (this.#lastAt - this.#firstAt);
  }
}

const inSeconds = (ns: number): Seconds | null =>
  Number.isFinite(ns) ? secondsFromNanos(nanos(ns)) : null;
