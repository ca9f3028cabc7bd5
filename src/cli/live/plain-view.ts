// The course of a run in lines: every 10 s, slowing down to one a minute, so that a log of hours stays readable, or each second
// for who wants more; or as NDJSON, one object a second.
import {
  formatBytes,
  formatCount,
  formatDuration,
  formatShare,
} from "../../report/number-format.ts";
import type { SeriesPoint } from "../../report/timeseries.ts";
import type { EngineStart } from "../../workers/engine.ts";
import { RunCourse } from "./run-course.ts";
import type { RunView, ViewedEngine, ViewedRamp } from "./run-view.ts";

const FIRST_S = 10;
const LAST_S = 60;
const GROWTH = 1.5;
/** An interval is a little shorter than a second now and then. */
const VERBOSE_S = 0.9;
const READING_EVERY_MS = 1000;

type Sums = { done: number; failed: number; bytes: number };

abstract class CountingView implements RunView {
  protected readonly course = new RunCourse();
  protected readonly sums: Sums = { done: 0, failed: 0, bytes: 0 };

  protected readonly ramp: ViewedRamp | undefined;

  constructor(ramp: ViewedRamp | undefined) {
    this.ramp = ramp;
  }

  abstract say(line: string): void;

  above(write: () => void): void {
    write();
  }

  abstract reading(bytes: number, total: number): void;
  protected abstract tell(point: SeriesPoint): void;

  expect({ operations, scheduleSeconds }: Parameters<RunView["expect"]>[0]): void {
    if (operations !== undefined) this.course.operations = operations;
    if (scheduleSeconds !== undefined) this.course.scheduleSeconds = scheduleSeconds;
  }

  started(start: EngineStart, { timebase }: ViewedEngine): void {
    this.course.started(start, timebase);
  }

  interval(point: SeriesPoint): void {
    this.sums.done += point.done;
    this.sums.failed += point.failed;
    this.sums.bytes += point.bytesIn + point.bytesOut;
    this.tell(point);
  }

  end(): void {}
}

export class PlainView extends CountingView {
  readonly #write: (line: string) => void;
  readonly #quiet: boolean;
  readonly #silent: boolean;
  readonly #lastS: number;
  #nextAt: number;
  #step: number;
  /** How far the run was at the line before: rates are of the time since, not of a last second that may be a moment. */
  #told = { at: 0, done: 0 };

  /** `quiet`: nothing at all; `silent`: no course, but what happens; `verbose`: a line each second. */
  constructor(
    write: (line: string) => void,
    {
      quiet,
      silent,
      verbose = false,
      ramp,
    }: {
      readonly quiet: boolean;
      readonly silent: boolean;
      readonly verbose?: boolean | undefined;
      readonly ramp?: ViewedRamp | undefined;
    },
  ) {
    super(ramp);
    this.#write = write;
    this.#quiet = quiet;
    this.#silent = silent;
    this.#lastS = verbose ? VERBOSE_S : LAST_S;
    this.#step = verbose ? VERBOSE_S : FIRST_S;
    this.#nextAt = this.#step;
    this.#readingStep = this.#step * 1000;
    this.#readingAt = this.#readingSince + this.#readingStep;
  }

  say(line: string): void {
    if (!this.#quiet) this.#write(line);
  }

  #readingAt: number;
  #readingStep: number;
  readonly #readingSince = performance.now();

  reading(bytes: number, total: number): void {
    const now = performance.now();
    if (this.#quiet || this.#silent || now < this.#readingAt) return;
    this.#readingStep = Math.min(this.#lastS * 1000, this.#readingStep * GROWTH);
    this.#readingAt = now + this.#readingStep;
    this.#write(readingLine({ bytes, total, elapsedMs: now - this.#readingSince }));
  }

  protected tell(point: SeriesPoint): void {
    const now = point.second + point.length;
    if (this.#quiet || this.#silent || now < this.#nextAt) return;
    this.#write(this.#lineOf(point));
    this.#step = Math.min(this.#lastS, this.#step * GROWTH);
    this.#nextAt = now + this.#step;
  }

  #lineOf(point: SeriesPoint): string {
    const { done, failed, bytes } = this.sums;
    const { share, left, paused } = this.course.look(done + failed);
    const now = point.second + point.length;
    const rate = Math.round((done - this.#told.done) / Math.max(now - this.#told.at, 1e-3));
    this.#told = { at: now, done };
    const late = point.latenessP99;
    const pullers = this.ramp?.pullers();
    return [
      `${Math.round(now)} s: ${formatCount(done)} done`,
      ...(failed === 0 ? [] : [`${formatCount(failed)} failed`]),
      `${formatCount(rate)}/s`,
      ...(pullers === undefined ? [] : [`${pullers.active} of ${pullers.most} pullers`]),
      `${point.inFlight} in flight`,
      formatBytes(bytes),
      ...(late === null ? [] : [`lateness p99 ${late.toFixed(2)} ms`]),
      ...(share === null ? [] : [formatShare(share)]),
      ...(left === null ? [] : [`${formatDuration(left)} to go`]),
      ...(paused ? ["paused"] : []),
    ].join(", ");
  }
}

/** `reading the trace: 1.20GiB of 4.00GiB, 12.0 s to go`. */
export function readingLine({
  bytes,
  total,
  elapsedMs,
}: {
  readonly bytes: number;
  readonly total: number;
  readonly elapsedMs: number;
}): string {
  const left = bytes > 0 ? (elapsedMs * (total - bytes)) / bytes / 1000 : null;
  const rest = left === null ? "" : `, ${formatDuration(Math.max(0, left))} to go`;
  return `reading the trace: ${formatBytes(bytes)} of ${formatBytes(total)}${rest}`;
}

/** Lines of docs/formats/progress.schema.json. */
export class JsonView extends CountingView {
  readonly #write: (line: string) => void;
  #readingAt = 0;
  #isOver = false;

  constructor(write: (line: string) => void, ramp?: ViewedRamp) {
    super(ramp);
    this.#write = write;
  }

  #put(fields: Readonly<Record<string, unknown>>): void {
    this.#write(JSON.stringify({ version: 1, at: new Date().toISOString(), ...fields }));
  }

  say(text: string): void {
    this.#put({ type: "message", text });
  }

  reading(bytes: number, bytesTotal: number): void {
    const now = performance.now();
    if (now < this.#readingAt) return;
    this.#readingAt = now + READING_EVERY_MS;
    this.#put({ type: "reading", bytes, bytesTotal });
  }

  protected tell(point: SeriesPoint): void {
    const { done, failed, bytes } = this.sums;
    const { elapsed, share, left, paused, speed } = this.course.look(done + failed);
    this.#put({
      type: "progress",
      elapsed,
      share,
      left,
      paused,
      speed,
      done,
      failed,
      bytes,
      interval: point,
      ...(this.ramp === undefined ? {} : { pullers: this.ramp.pullers() }),
    });
  }

  /** Idempotent. */
  override end(): void {
    if (!this.#isOver) this.#put({ type: "end" });
    this.#isOver = true;
  }
}
