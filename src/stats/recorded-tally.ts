// What a recording says of the requests that a run repeats, by operation class. `add` runs once per request in the feeder;
// allocates nothing once its class and status have been seen.
import { type OperationClass, operationClasses } from "../core/operation.ts";
import { type Distribution, DistributionSum } from "./distribution.ts";
import type { Counts } from "./figures.ts";

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
