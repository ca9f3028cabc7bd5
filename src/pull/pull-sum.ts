// Adds up the seconds of a run of pullers to its steps, phases and totals: while it goes on, and again from stored seconds. What
// comes of both is the same.
import type { PullCountName } from "../workers/pull-board.ts";
import { mergeIntervals, type PullInterval, pullInterval } from "./pull-interval.ts";
import type { PullSecond } from "./second-reader.ts";
import type { StepRecord } from "./step-record.ts";

/** Intervals that are kept apart before they are added up: adding costs as much for two as for many. */
const PENDING_MAX = 64;

/** Any number of intervals as one. */
class IntervalSum {
  #parts: PullInterval[] = [];

  add(part: PullInterval): void {
    if (this.#parts.length >= PENDING_MAX) this.#parts = [mergeIntervals(this.#parts)];
    this.#parts.push(part);
  }

  get soFar(): PullInterval {
    const sum = mergeIntervals(this.#parts);
    this.#parts = [sum];
    return sum;
  }
}

/** What the seconds of a step have in common, and their sums; means are kept as areas, in pullers x seconds and the like. */
type StepSum = Pick<StepRecord, "phase" | "step" | "level" | "from"> & {
  seconds: number;
  inProgress: number;
  active: number;
  cpu: number;
  loopDelayP99Ms: number;
  readonly interval: IntervalSum;
};

export class PullSum {
  /** Steps in the order in which they began. */
  readonly #steps: StepSum[] = [];
  readonly #phases = new Map<string, IntervalSum>();
  readonly #unmeasured = new IntervalSum();
  #counts: PullSecond["counts"] = {};

  add(second: PullSecond): void {
    const interval = pullInterval(second.snapshot);
    this.#counts = second.counts;
    if (!second.measured) {
      this.#unmeasured.add(interval);
      return;
    }
    this.#phaseOf(second.phase).add(interval);
    if (second.step > 0) this.#addToStep(second, interval);
  }

  #phaseOf(name: string): IntervalSum {
    const known = this.#phases.get(name);
    if (known !== undefined) return known;
    const sum = new IntervalSum();
    this.#phases.set(name, sum);
    return sum;
  }

  #addToStep(second: PullSecond, interval: PullInterval): void {
    const { snapshot, meanActive, cpuShare } = second;
    const seconds = (snapshot.end - snapshot.start) / 1e9;
    const sum = this.#stepOf(second);
    sum.interval.add(interval);
    sum.seconds += seconds;
    sum.inProgress += (snapshot.meanInFlight ?? 0) * seconds;
    sum.active += meanActive * seconds;
    sum.cpu += cpuShare * seconds;
    sum.loopDelayP99Ms =
      Math.max(0, ...snapshot.health.map(({ loopDelayP99 }) => loopDelayP99)) / 1e6;
  }

  #stepOf({ phase, step, level, snapshot }: PullSecond): StepSum {
    const last = this.#steps.at(-1);
    if (last !== undefined && last.phase === phase && last.step === step) return last;
    const sums = { seconds: 0, inProgress: 0, active: 0, cpu: 0, loopDelayP99Ms: 0 };
    const from = snapshot.start / 1e9;
    const sum = { phase, step, level, from, ...sums, interval: new IntervalSum() };
    this.#steps.push(sum);
    return sum;
  }

  /** Those so far, the one that goes on included. */
  get steps(): StepRecord[] {
    return this.#steps.map((sum) => {
      const { phase, step, level, from, seconds, loopDelayP99Ms, interval } = sum;
      return {
        ...{ phase, step, level, from, seconds, loopDelayP99Ms, interval: interval.soFar },
        meanInProgress: sum.inProgress / seconds,
        meanActive: sum.active / seconds,
        cpuShare: sum.cpu / seconds,
      };
    });
  }

  /** Everything measured, of one phase or of all. */
  totals(phase?: string): PullInterval {
    const phases = phase === undefined ? [...this.#phases.values()] : [this.#phases.get(phase)];
    return mergeIntervals(phases.flatMap((sum) => (sum === undefined ? [] : [sum.soFar])));
  }

  /** What passes did that fill the cache. */
  get unmeasured(): PullInterval {
    return this.#unmeasured.soFar;
  }

  /** A count of the boards (workers/pull-board.ts), over the whole run. */
  count(name: PullCountName): number {
    return this.#counts[name] ?? 0;
  }
}
