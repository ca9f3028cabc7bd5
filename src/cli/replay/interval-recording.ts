// The course of a run: once a second the tallies of all threads become a line of timeseries.csv, lines of histograms.hlog, a
// point of the report's plots and a line of progress.
import type { Clock } from "../../core/clock.ts";
import { type Nanos, nanos } from "../../core/units.ts";
import type { Timebase } from "../../pacing/timebase.ts";
import { HistogramLog } from "../../report/hlog.ts";
import type { RunDirectory } from "../../report/run-directory.ts";
import { Series } from "../../report/series.ts";
import { type SeriesPoint, seriesPoint, TimeseriesFile } from "../../report/timeseries.ts";
import type { Totals } from "../../stats/figures.ts";
import { TallyReader } from "../../stats/tally-reader.ts";
import type { EngineStart } from "../../workers/engine.ts";
import type { FromFeeder } from "../../workers/messages.ts";
import { version } from "../version.ts";

const INTERVAL_MS = 1000;

export type IntervalListener = (point: SeriesPoint) => void;

export class IntervalRecording {
  readonly series = new Series();
  /** Operations that were due within the run so far; null where nothing has a due time. */
  planned: number | null = null;
  /** Operations that were due in the busiest second. */
  plannedPeak = 0;
  /** When the run started, on the wall clock, and the origin of its monotonic clock. */
  origin = { startedAtMs: 0, originNs: 0n };
  #reader: TallyReader | undefined;
  readonly #directory: RunDirectory;
  readonly #listener: IntervalListener;
  /** Operations due in seconds that have not been written yet: the feeder is ahead by what fits its rings. */
  readonly #plannedBySecond = new Map<number, number>();
  #files: { log: HistogramLog; series: TimeseriesFile } | undefined;
  #clock: Clock | undefined;
  /** Tallies are filled interval by interval: where nothing was added there is no interval. */
  #waits = false;
  #timebase: Timebase | undefined;
  #startedAt: Nanos = nanos(0);
  #last: Nanos = nanos(0);
  /** Seconds of the schedule that the intervals so far stand for. */
  #scheduleBefore = 0;
  #timer: NodeJS.Timeout | undefined;
  #failure: unknown;

  constructor(directory: RunDirectory, listener: IntervalListener) {
    this.#directory = directory;
    this.#listener = listener;
  }

  feeding(message: FromFeeder): void {
    if (message.type !== "planned") return;
    const { second, operations } = message;
    const before = this.#plannedBySecond.get(second) ?? 0;
    this.#plannedBySecond.set(second, before + operations);
    this.plannedPeak = Math.max(this.plannedPeak, before + operations);
    this.planned = (this.planned ?? 0) + operations;
  }

  started(
    { wallUs, origin, clock, at, filled }: EngineStart,
    {
      tallies,
      timebase,
    }: { readonly tallies: readonly SharedArrayBuffer[]; readonly timebase?: Timebase },
  ): void {
    this.#timebase = timebase;
    this.origin = { startedAtMs: wallUs / 1000, originNs: origin };
    this.#reader = new TallyReader(tallies);
    this.#clock = filled ?? clock;
    this.#waits = filled !== undefined;
    this.#startedAt = nanos(at);
    const tool = `drayage ${version}`;
    this.#files = {
      log: new HistogramLog(this.#directory.file("histograms.hlog"), {
        tool,
        startedAt: this.origin.startedAtMs,
      }),
      series: new TimeseriesFile(this.#directory.file("timeseries.csv")),
    };
    this.#timer = setInterval(() => this.#takeUnlessFailed(), INTERVAL_MS);
  }

  /** A disk that fails does so in a timer, where nobody could catch it: `finish` throws it. */
  #takeUnlessFailed(): void {
    if (this.#failure !== undefined) return;
    try {
      this.#take();
    } catch (error) {
      this.#failure = error;
    }
  }

  #take(): void {
    if (this.#clock === undefined || this.#files === undefined || this.#reader === undefined)
      return;
    const now = nanos(Math.max(0, this.#clock.now() - this.#startedAt));
    if (this.#waits && now === this.#last) return;
    const snapshot = this.#reader.takeInterval(this.#last, now);
    const point = seriesPoint(snapshot, this.#takePlanned(now));
    this.#last = now;
    this.#scheduleBefore = (this.#timebase?.scheduleAt(now) ?? now) / 1e9;
    this.#files.log.add(snapshot);
    this.#files.series.add(point);
    this.series.add(point);
    this.#listener(point);
  }

  /** Operations that came due since the last interval. The feeder counts by whole seconds of the schedule. */
  #takePlanned(now: Nanos): number | null {
    if (this.planned === null) return null;
    let planned = 0;
    const changed = this.#timebase?.changed === true;
    const at = changed ? (this.#timebase?.scheduleAt(now) ?? now) / 1e9 : now / 1e9;
    for (const [second, operations] of this.#plannedBySecond) {
      const due = changed
        ? this.#dueBy(second, operations, at)
        : at >= second + 0.5
          ? operations
          : 0;
      planned += due;
      if (due < operations) this.#plannedBySecond.set(second, operations - due);
      else this.#plannedBySecond.delete(second);
    }
    return planned;
  }

  /** Of what is left of a second of the schedule, the part that a pause or another speed lets come due by then. */
  #dueBy(second: number, operations: number, at: number): number {
    if (at <= second) return 0;
    if (at >= second + 1) return operations;
    const from = Math.max(second, this.#scheduleBefore);
    return Math.min(operations, Math.round((operations * (at - from)) / (second + 1 - from)));
  }

  /** Writes the last interval and closes the files. Returns everything since the start. Throws DrayageError `storage`. */
  finish(): { totals: Totals; seconds: number } {
    this.close();
    if (this.#failure !== undefined) throw this.#failure;
    const reader = this.#reader ?? new TallyReader([]);
    return { totals: reader.totals(), seconds: this.#last / 1e9 };
  }

  /** Also after a failure: the timer would keep the process alive for ever. Idempotent. */
  close(): void {
    clearInterval(this.#timer);
    this.#takeUnlessFailed();
    this.#files?.log.close();
    this.#files?.series.close();
    this.#files = undefined;
  }
}
