// counts.ndjson: what histograms.hlog does not hold of each interval. With it, every output of a run can be made again,
// exactly, from stored data alone; a killed run keeps all whole lines. Format: docs/formats/counts.md.
import { type OperationClass, operationClasses } from "../core/operation.ts";
import { nanos } from "../core/units.ts";
import type { Distribution } from "../stats/distribution.ts";
import type { ClassFigures, IntervalSnapshot, NodeFigures } from "../stats/figures.ts";
import type { ThreadHealth } from "../stats/tally.ts";
import { AppendFile } from "./append-file.ts";
import {
  classTimes,
  intervalTags,
  nodeTimes,
  sizesOf,
  type TaggedDistributions,
} from "./interval-tags.ts";

/** An interval, and how many operations were due in it; null where nothing was due. `pausedNs`: for how long of it time stood still. */
export type PlannedInterval = {
  readonly snapshot: IntervalSnapshot;
  readonly planned: number | null;
  readonly pausedNs?: number | undefined;
};

type Times = "response" | "service" | "ttfb" | "transfer" | "failedResponse" | "failedService";
type ClassCounts = Omit<ClassFigures, Times>;
type NodeCounts = Omit<NodeFigures, "response" | "service">;

/** A line of counts.ndjson that stands for an interval. Times in ns on the clock of the run. */
export type IntervalCounts = {
  readonly start: number;
  readonly end: number;
  readonly planned: number | null;
  /** Absent in files of older versions, which counted pauses in. */
  readonly pausedNs?: number | undefined;
  readonly inFlight: number;
  readonly meanInFlight: number | null;
  readonly waiting: number;
  readonly retries: number;
  readonly existed: number;
  readonly clippedHigh: number;
  readonly clippedLow: number;
  readonly classes: readonly ClassCounts[];
  readonly nodes: readonly NodeCounts[];
  readonly health: readonly ThreadHealth[];
  /** Exact sums of the interval's distributions by tag, ns. */
  readonly sums: Readonly<Record<string, number>>;
};

/** A line that tells the first message of a failure. */
export type ExampleLine = { readonly error: string; readonly example: string };

function classCounts(figures: ClassFigures): ClassCounts {
  const { response, service, ttfb, transfer, failedResponse, failedService, ...counts } = figures;
  return counts;
}

function intervalCounts({ snapshot, planned, pausedNs = 0 }: PlannedInterval): IntervalCounts {
  const { lateness, connect, sizes, classes, nodes = [], meanInFlight, ...rest } = snapshot;
  const sums = intervalTags(snapshot).filter(([, { total, sum }]) => total > 0 || sum !== 0);
  return {
    ...rest,
    planned,
    pausedNs,
    meanInFlight: meanInFlight ?? null,
    classes: classes.map(classCounts),
    nodes: nodes.map(({ node, done, failed, bytes }) => ({ node, done, failed, bytes })),
    sums: Object.fromEntries(sums.map(([tag, { sum }]) => [tag, sum])),
  };
}

/** Counts of an interval and its distributions, together again. */
export function joinInterval(
  counts: IntervalCounts,
  distributions: TaggedDistributions,
): PlannedInterval {
  const tags = withSums(distributions, counts.sums);
  const { planned, pausedNs, meanInFlight, sums: _, classes, nodes, start, end, ...rest } = counts;
  const snapshot: IntervalSnapshot = {
    ...rest,
    start: nanos(start),
    end: nanos(end),
    meanInFlight: meanInFlight ?? undefined,
    classes: classes
      .filter(({ operation }) => operationClasses.includes(operation as OperationClass))
      .map((part) => ({ ...part, ...classTimes(tags, part.operation) })),
    lateness: tags.get("lateness") ?? { indices: [], counts: [], total: 0, sum: 0 },
    connect: tags.get("connect") ?? { indices: [], counts: [], total: 0, sum: 0 },
    sizes: sizesOf(tags),
    nodes:
      nodes.length === 0
        ? undefined
        : nodes.map((part) => ({ ...part, ...nodeTimes(tags, part.node) })),
  };
  return { snapshot, planned, pausedNs };
}

/** A sum may have come in the interval after its values: it stands alone then. */
function withSums(
  distributions: TaggedDistributions,
  sums: Readonly<Record<string, number>>,
): TaggedDistributions {
  const tags = new Map<string, Distribution>();
  for (const [tag, sum] of Object.entries(sums)) {
    const known = distributions.get(tag) ?? { indices: [], counts: [], total: 0 };
    tags.set(tag, { ...known, sum });
  }
  return tags;
}

export class CountsFile {
  readonly #file: AppendFile;

  constructor(path: string) {
    this.#file = new AppendFile(path);
  }

  /** After the interval's lines of histograms.hlog are written: this line makes them count. */
  add(interval: PlannedInterval): void {
    this.#file.write(`${JSON.stringify(intervalCounts(interval))}\n`);
  }

  example(error: string, example: string): void {
    const line: ExampleLine = { error, example };
    this.#file.write(`${JSON.stringify(line)}\n`);
  }

  close(): void {
    this.#file.close();
  }
}
