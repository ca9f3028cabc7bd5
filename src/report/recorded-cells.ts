// What a recording says of the requests that a run repeated, beside what the run saw: two rows per operation.
import {
  type Distribution,
  maximumOf,
  meanOf,
  supportedPercentile,
} from "../stats/distribution.ts";
import type { Counts, RequestFigures } from "../stats/figures.ts";
import type { RecordedClass } from "../stats/recorded-tally.ts";
import { formatBytes, formatCount, formatNanos } from "./number-format.ts";
import type { RunFigures } from "./run-figures.ts";

const percentiles = [50, 95, 99] as const;

/** Heads of the columns behind those of operation and source. */
export const recordedHeads = [
  "n",
  "bytes",
  "mean",
  ...percentiles.map((percent) => `p${percent}`),
  "max",
  "statuses",
] as const;

/** Rows in pairs: operation, source, and a cell for each head. Empty where the trace was no recording. */
export function recordedCells({ recorded = [], totals }: RunFigures): string[][] {
  return recorded.flatMap((part) => {
    const replayed = totals.classes.find(({ operation }) => operation === part.operation);
    return [
      [part.operation, "recorded", ...cellsOf(part)],
      ["", "replayed", ...cellsOf(replayed === undefined ? nothing : replayedAs(replayed))],
    ];
  });
}

type Side = Omit<RecordedClass, "operation">;

const nothing: Side = {
  requests: 0,
  bytes: 0,
  statuses: {},
  service: { indices: [], counts: [], total: 0, sum: 0 },
};

/** Latencies are those of successes, as everywhere; all else counts failures in: a recording has its own. */
const replayedAs = (figures: RequestFigures): Side => ({
  requests: figures.done + figures.failed,
  bytes: figures.bytesIn + figures.bytesOut + figures.failedBytesIn + figures.failedBytesOut,
  statuses: figures.statuses,
  service: figures.service,
});

const cellsOf = ({ requests, bytes, statuses, service }: Side): string[] => [
  formatCount(requests),
  formatBytes(bytes),
  ...latencyCells(service),
  statusText(statuses),
];

const latencyCells = (service: Distribution): string[] => [
  formatNanos(meanOf(service)),
  ...percentiles.map((percent) => formatNanos(supportedPercentile(service, percent))),
  formatNanos(maximumOf(service)),
];

/** `200: 12, 404: 1`. */
const statusText = (statuses: Counts): string =>
  Object.entries(statuses)
    .map(([status, count]) => `${status === "0" ? "none" : status}: ${formatCount(count)}`)
    .join(", ");
