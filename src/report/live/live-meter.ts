// From intervals to what a frame shows: sums since the start, rates of about the last second, the course of each 99th
// percentile. Pure; four intervals a second, some 0.1 ms each.
import {
  type Distribution,
  DistributionSum,
  maximumOf,
  mergeDistributions,
  supportedPercentile,
  supportsPercentile,
} from "../../stats/distribution.ts";
import { mergeClasses, type RequestFigures } from "../../stats/figures.ts";
import type { LiveRow } from "./live-state.ts";

/** One interval of a run. Times are ns on one clock. */
export type MeterInterval = {
  readonly start: number;
  readonly end: number;
  readonly classes: readonly (RequestFigures & { readonly operation: string })[];
  readonly lateness: Distribution;
};

const WINDOW_NS = 1e9;
const COURSE_MAX = 120;
const COURSE_SPAN_NS = 0.95e9;

type Measured = "response" | "service";
type Counted = {
  readonly start: number;
  readonly end: number;
  readonly sent: number;
  readonly done: number;
  readonly bytes: number;
};

/** Sums and course of one operation. */
class RowMeter {
  done = 0;
  failed = 0;
  readonly course: number[] = [];
  readonly #times = new DistributionSum();
  #recent: { readonly end: number; readonly start: number; readonly done: number }[] = [];
  /** Times that no value of the course stands for yet: at most 1,000 of them, or those of a second. */
  #pending: Distribution[] = [];
  #pendingCount = 0;
  #pendingSince = Number.NaN;

  add(part: RequestFigures, times: Distribution, { start, end }: MeterInterval): void {
    this.done += part.done;
    this.failed += part.failed;
    this.#times.add(times);
    this.#recent.push({ start, end, done: part.done });
    if (Number.isNaN(this.#pendingSince)) this.#pendingSince = start;
    if (times.total > 0) this.#pending.push(times);
    this.#pendingCount += times.total;
    if (end - this.#pendingSince < COURSE_SPAN_NS || !supportsPercentile(this.#pendingCount, 99))
      return;
    const p99 = supportedPercentile(mergeDistributions(this.#pending), 99);
    if (p99 !== null) this.course.push(p99);
    if (this.course.length > COURSE_MAX) this.course.shift();
    this.#pending = [];
    this.#pendingCount = 0;
    this.#pendingSince = end;
  }

  row(operation: string, now: number): LiveRow {
    this.#recent = this.#recent.filter(({ end }) => end > now - WINDOW_NS);
    const all = this.#times.soFar();
    return {
      operation,
      done: this.done,
      failed: this.failed,
      perSecond: perSecond(this.#recent, now, ({ done }) => done),
      p50: supportedPercentile(all, 50),
      p90: supportedPercentile(all, 90),
      p99: supportedPercentile(all, 99),
      p999: supportedPercentile(all, 99.9),
      max: all.total === 0 ? null : maximumOf(all),
      course: this.course,
    };
  }
}

function perSecond<T extends { readonly start: number }>(
  recent: readonly T[],
  now: number,
  of: (one: T) => number,
): number {
  const from = recent[0]?.start;
  const seconds = from === undefined ? 0 : (now - from) / 1e9;
  return seconds > 0 ? recent.reduce((sum, one) => sum + of(one), 0) / seconds : 0;
}

export class LiveMeter {
  readonly #measured: Measured;
  readonly #whole: string | null;
  readonly #rows = new Map<string, RowMeter>();
  readonly #all = new RowMeter();
  readonly #lateness = new DistributionSum();
  #recent: Counted[] = [];
  #now = 0;

  /** `measured`: what the rows time. `whole`: the operation that the others are parts of; null: they add up. */
  constructor(measured: Measured, whole: string | null = null) {
    this.#measured = measured;
    this.#whole = whole;
  }

  add(interval: MeterInterval): void {
    const { classes, lateness, start, end } = interval;
    this.#now = end;
    for (const part of classes)
      this.#rowOf(part.operation).add(part, part[this.#measured], interval);
    // A row that nothing happened to goes on in time all the same.
    const named = new Set(classes.map(({ operation }) => operation));
    for (const [operation, row] of this.#rows)
      if (!named.has(operation)) row.add(nothing, nothing.service, interval);
    const all = mergeClasses(
      classes.filter(({ operation }) => this.#whole === null || operation === this.#whole),
    );
    this.#all.add(all, all[this.#measured], interval);
    this.#lateness.add(lateness);
    this.#recent.push({ start, end, sent: all.started, done: all.done, bytes: bytesOf(all) });
    this.#recent = this.#recent.filter((counted) => counted.end > end - WINDOW_NS);
  }

  #rowOf(operation: string): RowMeter {
    let row = this.#rows.get(operation);
    if (row === undefined) {
      row = new RowMeter();
      this.#rows.set(operation, row);
    }
    return row;
  }

  /** Operations that have ended, failed ones included. */
  get ended(): number {
    return this.#all.done + this.#all.failed;
  }

  get failed(): number {
    return this.#all.failed;
  }

  /** Per second, of about the last one. */
  rates(): { readonly sent: number; readonly done: number; readonly bytes: number } {
    const rate = (of: (one: Counted) => number): number => perSecond(this.#recent, this.#now, of);
    return {
      sent: rate((one) => one.sent),
      done: rate((one) => one.done),
      bytes: rate((one) => one.bytes),
    };
  }

  latenessP99(): number | null {
    return supportedPercentile(this.#lateness.soFar(), 99);
  }

  /** All of them first, where there are several; or the one that is the whole. */
  rows(): LiveRow[] {
    const rows = [...this.#rows].map(([operation, row]) => row.row(operation, this.#now));
    if (this.#whole !== null)
      return rows.sort(
        (a, b) => Number(b.operation === this.#whole) - Number(a.operation === this.#whole),
      );
    return rows.length > 1 ? [this.#all.row("all", this.#now), ...rows] : rows;
  }
}

const nothing: RequestFigures = mergeClasses([]);

const bytesOf = ({ bytesIn, bytesOut, failedBytesIn, failedBytesOut }: RequestFigures): number =>
  bytesIn + bytesOut + failedBytesIn + failedBytesOut;
