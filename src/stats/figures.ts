import { type OperationClass, operationClasses } from "../core/operation.ts";
import type { Nanos } from "../core/units.ts";
import { type Distribution, mergeDistributions } from "./distribution.ts";
import type { ThreadHealth } from "./tally.ts";

/** Counts by a label: a failure (`http:503`, `timeout:idle`) or a status (`200`; `0` = no answer). */
export type Counts = Readonly<Record<string, number>>;

/**
 * What happened to the requests of one operation class. All numbers add up over threads, machines and time.
 * `done` succeeded, `failed` did not; bytes and times of failures are kept apart. `onTime`, `lateSlots` and
 * `lateGenerator` count requests that had a due time; `tooLate` are those of `lateGenerator` that spoil a run.
 * Distributions are in ns.
 */
export type ClassFigures = {
  readonly operation: OperationClass;
  readonly started: number;
  readonly done: number;
  readonly failed: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly failedBytesIn: number;
  readonly failedBytesOut: number;
  readonly onTime: number;
  readonly lateSlots: number;
  readonly lateGenerator: number;
  readonly tooLate: number;
  readonly errors: Counts;
  readonly statuses: Counts;
  readonly response: Distribution;
  readonly service: Distribution;
  readonly ttfb: Distribution;
  /** First byte to last. */
  readonly transfer: Distribution;
  readonly failedResponse: Distribution;
  readonly failedService: Distribution;
};

/** `bin`: stats/size-bin.ts. */
export type SizeFigures = { readonly bin: number; readonly service: Distribution };

/** What a node of the run (a line of the client list, or a machine) did. Without due times `response` is empty. */
export type NodeFigures = {
  readonly node: number;
  readonly done: number;
  readonly failed: number;
  /** Received and sent, failures included. */
  readonly bytes: number;
  readonly response: Distribution;
  readonly service: Distribution;
};

/** Figures of a run or of a part of it. Only classes that did something are there, in the order of the class table. */
export type Figures = {
  readonly classes: readonly ClassFigures[];
  /** Of all requests with a due time, ns. */
  readonly lateness: Distribution;
  /** Successes that had to open their connection: until it stood, ns. */
  readonly connect: Distribution;
  /** Service times of successes by the size of their body; only bins that have some, ascending. */
  readonly sizes: readonly SizeFigures[];
  readonly retries: number;
  /** Uploads that found their object there. */
  readonly existed: number;
  /** Times above an hour, and negative ones: recorded as an hour and as 0. */
  readonly clippedHigh: number;
  readonly clippedLow: number;
};

/** One interval, and how things stood at its end. Times are ns on the clock of the run. Plain data. */
export type IntervalSnapshot = Figures & {
  readonly start: Nanos;
  readonly end: Nanos;
  readonly inFlight: number;
  readonly waiting: number;
  /** Mean of `inFlight` over the interval, from samples apart from the stamps; absent where nobody sampled. */
  readonly meanInFlight?: number | undefined;
  /** One per worker. */
  readonly health: readonly ThreadHealth[];
  /** Only where there are several. */
  readonly nodes?: readonly NodeFigures[] | undefined;
};

export type Totals = Figures & {
  readonly inFlight: number;
  readonly waiting: number;
  readonly health: readonly ThreadHealth[];
};

export function sumCounts(parts: readonly Counts[]): Counts {
  const sum: Record<string, number> = {};
  for (const part of parts) {
    for (const [label, count] of Object.entries(part)) sum[label] = (sum[label] ?? 0) + count;
  }
  return sum;
}

/** Figures without the class that they are of. */
export type RequestFigures = Omit<ClassFigures, "operation">;

/** Figures of several classes, or of several parts of one, taken together. */
export function mergeClasses(parts: readonly RequestFigures[]): RequestFigures {
  const sum = (of: (part: RequestFigures) => number): number =>
    parts.reduce((total, part) => total + of(part), 0);
  const merge = (of: (part: RequestFigures) => Distribution): Distribution =>
    mergeDistributions(parts.map(of));
  return {
    started: sum((part) => part.started),
    done: sum((part) => part.done),
    failed: sum((part) => part.failed),
    bytesIn: sum((part) => part.bytesIn),
    bytesOut: sum((part) => part.bytesOut),
    failedBytesIn: sum((part) => part.failedBytesIn),
    failedBytesOut: sum((part) => part.failedBytesOut),
    onTime: sum((part) => part.onTime),
    lateSlots: sum((part) => part.lateSlots),
    lateGenerator: sum((part) => part.lateGenerator),
    tooLate: sum((part) => part.tooLate),
    errors: sumCounts(parts.map((part) => part.errors)),
    statuses: sumCounts(parts.map((part) => part.statuses)),
    response: merge((part) => part.response),
    service: merge((part) => part.service),
    ttfb: merge((part) => part.ttfb),
    transfer: merge((part) => part.transfer),
    failedResponse: merge((part) => part.failedResponse),
    failedService: merge((part) => part.failedService),
  };
}

function mergeSizes(parts: readonly SizeFigures[]): SizeFigures[] {
  const bins = [...new Set(parts.map(({ bin }) => bin))].sort((a, b) => a - b);
  return bins.map((bin) => ({
    bin,
    service: mergeDistributions(
      parts.filter((part) => part.bin === bin).map(({ service }) => service),
    ),
  }));
}

/** Adds figures of several workers, machines or intervals. */
export function mergeFigures(parts: readonly Figures[]): Figures {
  const all = parts.flatMap(({ classes }) => classes);
  const sum = (of: (part: Figures) => number): number =>
    parts.reduce((total, part) => total + of(part), 0);
  return {
    classes: operationClasses.flatMap((operation) => {
      const same = all.filter((part) => part.operation === operation);
      return same.length === 0 ? [] : [{ operation, ...mergeClasses(same) }];
    }),
    lateness: mergeDistributions(parts.map((part) => part.lateness)),
    connect: mergeDistributions(parts.map((part) => part.connect)),
    sizes: mergeSizes(parts.flatMap((part) => part.sizes)),
    retries: sum((part) => part.retries),
    existed: sum((part) => part.existed),
    clippedHigh: sum((part) => part.clippedHigh),
    clippedLow: sum((part) => part.clippedLow),
  };
}
