// What a recording says of the requests that a run repeats, by operation class. `add` runs once per request in the feeder;
// allocates nothing once its class and status have been seen.
import { type OperationClass, operationClasses } from "../core/operation.ts";
import { type Distribution, DistributionSum, mergeDistributions } from "./distribution.ts";
import { type Counts, sumCounts } from "./figures.ts";

/** Of one class, as it was recorded. `bytes` of bodies, either way; `service` in ns: from the arrival to the end. */
export type RecordedClass = {
  readonly operation: OperationClass;
  readonly requests: number;
  readonly bytes: number;
  readonly statuses: Counts;
  readonly service: Distribution;
};

class ClassSum {
  requests = 0;
  bytes = 0;
  readonly statuses = new Map<number, number>();
  readonly service = new DistributionSum();
}

export class RecordedTally {
  readonly #classes = new Map<number, ClassSum>();

  /** `operation`: index into `operationClasses`. `status`: 0 = unknown. */
  add(
    operation: number,
    {
      status,
      bytes,
      seconds,
    }: { readonly status: number; readonly bytes: number; readonly seconds: number },
  ): void {
    let sum = this.#classes.get(operation);
    if (sum === undefined) {
      sum = new ClassSum();
      this.#classes.set(operation, sum);
    }
    sum.requests++;
    sum.bytes += bytes;
    sum.statuses.set(status, (sum.statuses.get(status) ?? 0) + 1);
    sum.service.addValue(Math.round(seconds * 1e9));
  }

  /** In the order of the class table. */
  figures(): RecordedClass[] {
    return [...this.#classes]
      .toSorted(([a], [b]) => a - b)
      .map(([operation, { requests, bytes, statuses, service }]) => ({
        operation: operationClasses[operation] as OperationClass,
        requests,
        bytes,
        statuses: Object.fromEntries(statuses),
        service: service.soFar(),
      }));
  }
}

/** Of several runs, each of which repeated a recording. */
export function mergedRecorded(runs: readonly (readonly RecordedClass[])[]): RecordedClass[] {
  const all = runs.flat();
  return operationClasses.flatMap((operation) => {
    const parts = all.filter((part) => part.operation === operation);
    if (parts.length === 0) return [];
    const sum = (of: (part: RecordedClass) => number): number =>
      parts.reduce((total, part) => total + of(part), 0);
    return [
      {
        operation,
        requests: sum(({ requests }) => requests),
        bytes: sum(({ bytes }) => bytes),
        statuses: sumCounts(parts.map(({ statuses }) => statuses)),
        service: mergeDistributions(parts.map(({ service }) => service)),
      },
    ];
  });
}
