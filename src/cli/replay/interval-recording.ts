// The timeline of a run: once a second the tallies of all threads become a line of timeseries.csv, lines of histograms.hlog and
// of counts.ndjson, a point of the report's plots and a line of progress.
import type { Clock } from "../../core/clock.ts";
import { type Nanos, nanos } from "../../core/units.ts";
import type { Timebase } from "../../pacing/timebase.ts";
import { CountsFile, type PlannedInterval } from "../../report/counts-file.ts";
import { HistogramLog } from "../../report/hlog.ts";
import type { RunDirectory } from "../../report/run-directory.ts";
import { RunTimeline } from "../../report/run-timeline.ts";
import type { NamedStep } from "../../report/step-sums.ts";
import { type SeriesPoint, TimeseriesFile } from "../../report/timeseries.ts";
import type { IntervalSnapshot, NodeFigures, Totals } from "../../stats/figures.ts";
import { FiguresSum } from "../../stats/figures-sum.ts";
import { InFlightMean } from "../../stats/in-flight-mean.ts";
import { NodeTally } from "../../stats/node-tally.ts";
import { TallyReader } from "../../stats/tally-reader.ts";
import type { EngineStart } from "../../workers/engine.ts";
import type { FromFeeder } from "../../workers/messages.ts";
import { version } from "../version.ts";

const INTERVAL_MS = 1000;
/** What other machines take for a second is as long at least. */
const SECOND_NS_MIN = 0.9e9;

/** `point` is the interval as a line of timeseries.csv tells it. */
export type IntervalListener = (point: SeriesPoint, interval: PlannedInterval) => void;

export type RecordingOptions = {
  /** How many nodes the run has: of one alone nothing is counted apart. */
  readonly nodes?: number;
  /** First message of each failure; grows while the run goes on. */
  readonly examples?: Readonly<Record<string, string>>;
  /** Of the schedule, if it has several. */
  readonly steps?: readonly NamedStep[] | undefined;
  /** Closed with the recording. */
  readonly log?: { close(): void } | undefined;
};

type Files = {
  readonly log: HistogramLog;
  readonly counts: CountsFile;
  readonly series: TimeseriesFile;
};

export class IntervalRecording {
  readonly timeline: RunTimeline;
  /** Whoever sees outcomes counts them here. */
  readonly nodes: NodeTally | undefined;
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
  #files: Files | undefined;
  readonly #nodeSum = new FiguresSum();
  readonly #examples: Readonly<Record<string, string>>;
  readonly #examplesWritten = new Set<string>();
  readonly #log: { close(): void } | undefined;
  #inFlight: InFlightMean | undefined;
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

  constructor(
    directory: RunDirectory,
    listener: IntervalListener,
    { nodes = 1, examples = {}, log, steps = [] }: RecordingOptions = {},
  ) {
    this.timeline = new RunTimeline(steps);
    this.#directory = directory;
    this.#listener = listener;
    this.#examples = examples;
    this.#log = log;
    this.nodes = nodes > 1 ? new NodeTally() : undefined;
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
    // Tallies of other machines are filled once a second: there is nothing to look at in between.
    if (filled === undefined) this.#inFlight = new InFlightMean(tallies, clock.now());
    const tool = `drayage ${version}`;
    this.#files = {
      log: new HistogramLog(this.#directory.file("histograms.hlog"), {
        tool,
        startedAt: this.origin.startedAtMs,
      }),
      counts: new CountsFile(this.#directory.file("counts.ndjson")),
      series: new TimeseriesFile(this.#directory.file("timeseries.csv")),
    };
    if (filled === undefined)
      this.#timer = setInterval(() => this.#takeUnlessFailed(), INTERVAL_MS);
    // A second at a time, however many come at once.
    else
      filled.whenFilled(() => {
        // The end of a run is no second, and comes node by node: `finish` takes it as a whole.
        if (filled.now() - at - this.#last > SECOND_NS_MIN) this.#takeUnlessFailed();
      });
  }

  /**
   * Called every 10 to 50 ms: how many are under way now stands for the time since the last call. Throws what a timer has met: a run
   * whose figures go nowhere is to end.
   */
  look(): void {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#clock !== undefined) this.#inFlight?.look(this.#clock.now());
  }

  /** A disk that fails does so in a timer, where nobody could catch it: `look` throws it, and `finish`. */
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
    const interval = {
      snapshot: this.#snapshot(this.#reader, now),
      planned: this.#takePlanned(now),
      pausedNs: this.#pausedUntil(now) - this.#pausedUntil(this.#last),
    };
    const point = this.timeline.add(interval);
    this.#last = now;
    this.#scheduleBefore = (this.#timebase?.scheduleAt(now) ?? now) / 1e9;
    this.#files.log.add(interval.snapshot);
    this.#files.counts.add(interval);
    this.#writeExamples(this.#files.counts);
    this.#files.series.add(point, interval.snapshot);
    this.#listener(point, interval);
  }

  #pausedUntil(now: Nanos): number {
    return this.#timebase?.pausedBefore(now) ?? 0;
  }

  #snapshot(reader: TallyReader, now: Nanos): IntervalSnapshot {
    const snapshot = reader.takeInterval(this.#last, now);
    const meanInFlight = this.#inFlight?.take(this.#clock?.now() ?? 0);
    const nodes = this.nodes?.take();
    if (nodes !== undefined) this.#nodeSum.addNodes(nodes);
    return { ...snapshot, meanInFlight, nodes };
  }

  #writeExamples(counts: CountsFile): void {
    for (const [error, example] of Object.entries(this.#examples)) {
      if (this.#examplesWritten.has(error)) continue;
      this.#examplesWritten.add(error);
      counts.example(error, example);
    }
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
  finish(): {
    readonly totals: Totals;
    readonly seconds: number;
    readonly nodes: readonly NodeFigures[];
    readonly pausedSeconds: number;
    readonly meanInFlight: number | null;
  } {
    this.close();
    if (this.#failure !== undefined) throw this.#failure;
    const reader = this.#reader ?? new TallyReader([]);
    return {
      totals: reader.totals(),
      seconds: this.#last / 1e9,
      pausedSeconds: this.timeline.pausedSeconds,
      nodes: this.#nodeSum.nodes(),
      meanInFlight: this.timeline.meanInFlight,
    };
  }

  /**
   * Also after a failure: the timer would keep the process alive for ever. Idempotent, and never throws: what a disk still refuses is
   * for `finish` to tell, and other files are to be closed behind this.
   */
  close(): void {
    clearInterval(this.#timer);
    this.#takeUnlessFailed();
    for (const file of [this.#log, ...Object.values(this.#files ?? {})]) {
      try {
        file?.close();
      } catch (error) {
        this.#failure ??= error;
      }
    }
    this.#files = undefined;
  }
}
