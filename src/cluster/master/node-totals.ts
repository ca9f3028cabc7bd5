// What a node has told of its operations, summed since the start, for the report. Adds one interval per node and second; a
// thousand nodes have one each, so only values that occur are kept.
import type { Distribution } from "../../stats/distribution.ts";
import { supportedPercentile } from "../../stats/distribution.ts";
import type { ClassFigures, IntervalSnapshot } from "../../stats/figures.ts";
import type { NodeReport } from "../../workers/node-report.ts";

type Told = Pick<
  NodeReport,
  | "sent"
  | "done"
  | "failed"
  | "errors"
  | "latenessP99Ms"
  | "loopDelayP99Ms"
  | "gcP99Ms"
  | "busyShare"
>;

export class NodeTotals {
  /** Which classes are operations: of pullers, whole pulls. */
  counts: (operation: ClassFigures["operation"]) => boolean = () => true;
  /** Operations under way, as they were told last. */
  underWay = 0;
  #sent = 0;
  #done = 0;
  #failed = 0;
  readonly #errors: Record<string, number> = {};
  readonly #lateness = new Map<number, number>();
  #latenessTotal = 0;
  #health: IntervalSnapshot["health"] = [];

  add({ classes, lateness, health, inFlight }: IntervalSnapshot): void {
    this.underWay = inFlight;
    for (const figures of classes) if (this.counts(figures.operation)) this.#addClass(figures);
    lateness.indices.forEach((index, i) => {
      const count = lateness.counts[i] ?? 0;
      this.#lateness.set(index, (this.#lateness.get(index) ?? 0) + count);
    });
    this.#latenessTotal += lateness.total;
    this.#health = health;
  }

  #addClass({ started, done, failed, errors }: ClassFigures): void {
    this.#sent += started;
    this.#done += done;
    this.#failed += failed;
    for (const [label, count] of Object.entries(errors))
      this.#errors[label] = (this.#errors[label] ?? 0) + count;
  }

  get soFar(): Told {
    const late = supportedPercentile(this.#latenesses(), 99);
    const worst = (of: (thread: IntervalSnapshot["health"][number]) => number): number =>
      Math.max(0, ...this.#health.map(of));
    return {
      sent: this.#sent,
      done: this.#done,
      failed: this.#failed,
      errors: { ...this.#errors },
      latenessP99Ms: late === null ? null : late / 1e6,
      loopDelayP99Ms: worst(({ loopDelayP99 }) => loopDelayP99) / 1e6,
      gcP99Ms: worst(({ gcP99 }) => gcP99) / 1e6,
      busyShare: worst(({ cpuShare }) => cpuShare),
    };
  }

  #latenesses(): Distribution {
    const sorted = [...this.#lateness].sort(([a], [b]) => a - b);
    return {
      indices: sorted.map(([index]) => index),
      counts: sorted.map(([, count]) => count),
      total: this.#latenessTotal,
      sum: 0,
    };
  }
}
