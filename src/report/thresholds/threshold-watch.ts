// Thresholds of a run while it goes on: once a second, a few histograms merged per threshold that has a window.
import { type Figures, mergeFigures } from "../../stats/figures.ts";
import type { PlannedInterval } from "../counts-file.ts";
import { type Belongs, type Measured, metricValue } from "./metric-value.ts";
import { holds, isWorse, type Threshold, type ThresholdResult, unitOf } from "./threshold.ts";

/** Timers are late, so a window of 10 s may be made of intervals that miss it by a little. */
const SLACK_SECONDS = 0.5;

/** Seconds that were watched so far, pauses left out, at both ends. */
type Interval = {
  readonly start: number;
  readonly end: number;
  readonly figures: Figures;
  readonly sent: number;
  readonly planned: number | null;
};

/** What a threshold with a window has seen. */
type Course = {
  worst: number | null;
  windows: number;
  /** Why windows had no value. */
  reason: string | null;
  /** When it began to miss, while it does: watched seconds. */
  missingSince: number | null;
  /** When it had missed for longer than it may: seconds since the start of the run, as all outputs count them. */
  failedAt: number | null;
};

export class ThresholdWatch {
  readonly #thresholds: readonly Threshold[];
  readonly #courses = new Map<Threshold, Course>();
  readonly #paced: boolean;
  readonly #belongs: Belongs | undefined;
  readonly #onAbort: (text: string) => void;
  readonly #intervals: Interval[] = [];
  readonly #longest: number;
  /** Seconds watched so far, pauses and what lies between the intervals left out. */
  #now = 0;
  #aborted: Threshold | null = null;
  /** One that an earlier master of the run found. */
  #recalled = false;
  #ended = false;

  /** `onAbort` is called once, with the text of the threshold that ends the run. */
  constructor(
    thresholds: readonly Threshold[],
    {
      paced,
      onAbort,
      belongs,
    }: {
      readonly paced: boolean;
      readonly onAbort: (text: string) => void;
      readonly belongs?: Belongs | undefined;
    },
  ) {
    this.#belongs = belongs;
    this.#thresholds = thresholds;
    this.#paced = paced;
    this.#onAbort = onAbort;
    for (const threshold of thresholds) {
      if (threshold.window !== null) this.#courses.set(threshold, freshCourse());
    }
    this.#longest = Math.max(0, ...thresholds.map(({ window }) => window?.seconds ?? 0));
  }

  /** Whether a threshold ended the run. */
  get aborted(): boolean {
    return this.#aborted !== null || this.#recalled;
  }

  /** Another master of the run has ended it for one: which it was is in the figures, which are heard again. */
  recall(): void {
    this.#recalled = true;
  }

  /** The run has ended by itself: nothing can abort it any more. */
  end(): void {
    this.#ended = true;
  }

  interval({ snapshot, planned, pausedNs = 0 }: PlannedInterval): void {
    if (this.#courses.size === 0) return;
    const start = this.#now;
    this.#now += Math.max(0, snapshot.end - snapshot.start - pausedNs) / 1e9;
    // A pause of hours must not fill the memory with seconds in which nothing was.
    if (this.#now === start && snapshot.classes.length === 0) return;
    const sent = snapshot.classes.reduce((sum, { started }) => sum + started, 0);
    this.#intervals.push({ start, end: this.#now, figures: snapshot, sent, planned });
    while (this.#isPast(this.#intervals[0])) this.#intervals.shift();
    for (const [threshold, course] of this.#courses)
      this.#look(threshold, course, snapshot.end / 1e9);
  }

  #isPast(interval: Interval | undefined): boolean {
    return interval !== undefined && interval.end <= this.#now - this.#longest;
  }

  /** `runSeconds`: since the start of the run. */
  #look(threshold: Threshold, course: Course, runSeconds: number): void {
    if (threshold.window === null) return;
    const now = this.#now;
    const { seconds, forSeconds, abort } = threshold.window;
    const inside = this.#newest(seconds - SLACK_SECONDS);
    if (inside === undefined) return;
    const covered = now - (inside[0] as Interval).start;
    const measured = measuredIn(inside, covered, this.#paced);
    const found = metricValue(threshold.metric, { ...measured, belongs: this.#belongs });
    if (found.value === null) {
      // Nothing that ends is no recovery: a stall goes on where it began.
      course.reason = found.reason;
      return;
    }
    course.windows++;
    if (course.worst === null || isWorse(threshold, found.value, course.worst)) {
      course.worst = found.value;
    }
    if (holds(threshold, found.value)) {
      course.missingSince = null;
      return;
    }
    course.missingSince ??= now;
    if (now - course.missingSince < forSeconds - SLACK_SECONDS && forSeconds > 0) return;
    course.failedAt ??= runSeconds;
    if (!abort || this.#aborted !== null || this.#ended) return;
    this.#aborted = threshold;
    if (!this.#recalled) this.#onAbort(threshold.text);
  }

  /** So few of the newest that they make so many seconds: an interval that a busy machine made long is a window, too. */
  #newest(seconds: number): readonly Interval[] | undefined {
    const from = this.#intervals.findLastIndex(({ start }) => this.#now - start >= seconds);
    return from < 0 ? undefined : this.#intervals.slice(from);
  }

  /** What became of each threshold, in the order given. */
  results(run: Measured): ThresholdResult[] {
    return this.#thresholds.map((threshold) => {
      const course = this.#courses.get(threshold);
      return course === undefined
        ? wholeResult(threshold, { ...run, belongs: this.#belongs })
        : windowResult(threshold, course, this.#aborted === threshold);
    });
  }
}

const freshCourse = (): Course => ({
  worst: null,
  windows: 0,
  reason: null,
  missingSince: null,
  failedAt: null,
});

function measuredIn(inside: readonly Interval[], seconds: number, paced: boolean): Measured {
  const planned = inside.reduce((sum, part) => sum + (part.planned ?? 0), 0);
  const sent = inside.reduce((sum, part) => sum + part.sent, 0);
  return {
    figures: mergeFigures(inside.map(({ figures }) => figures)),
    paced,
    seconds,
    achieved: planned === 0 ? null : Math.min(1, sent / planned),
  };
}

function wholeResult(threshold: Threshold, run: Measured): ThresholdResult {
  const { text, metric } = threshold;
  const found = metricValue(metric, run);
  return {
    text,
    passed: found.value !== null && holds(threshold, found.value),
    actual: found.value,
    unit: unitOf(metric),
    note: found.value === null ? found.reason : null,
    aborted: false,
  };
}

function windowResult(threshold: Threshold, course: Course, aborted: boolean): ThresholdResult {
  const { text, metric, window } = threshold;
  const at = course.failedAt === null ? null : `missed at ${course.failedAt.toFixed(0)} s`;
  const none = course.reason ?? `the run has no whole window of ${window?.seconds} s`;
  return {
    text,
    passed: course.windows > 0 && course.failedAt === null,
    actual: course.worst,
    unit: unitOf(metric),
    note: course.windows === 0 ? none : aborted ? `${at}, which ended the run` : at,
    aborted,
  };
}
