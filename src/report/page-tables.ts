import {
  type Distribution,
  maximumOf,
  meanOf,
  supportedPercentile,
} from "../stats/distribution.ts";
import type { RequestFigures } from "../stats/figures.ts";
import { type Html, type HtmlRow, htmlTable } from "./html.ts";
import { formatBytes, formatCount, formatNanos } from "./number-format.ts";
import { recordedCells, recordedHeads } from "./recorded-cells.ts";
import { requestCells, requestHeads } from "./request-cells.ts";
import { reportedPercentiles } from "./results.ts";
import { overall, type RunFigures } from "./run-figures.ts";
import { stepCells, stepHeads } from "./step-cells.ts";
import { thresholdCells } from "./thresholds/threshold-cells.ts";

const time = (nanos: number | null): string => formatNanos(nanos).replace("us", "µs");

const latencyCells = (distribution: Distribution): string[] => [
  formatCount(distribution.total),
  time(meanOf(distribution)),
  ...reportedPercentiles.map((percent) => time(supportedPercentile(distribution, percent))),
  time(maximumOf(distribution)),
];

function latencyRows(operation: string, figures: RequestFigures): HtmlRow[] {
  const measured: [string, Distribution][] = [
    ["response", figures.response],
    ["service", figures.service],
    ["first byte", figures.ttfb],
    ["response of failures", figures.failedResponse],
    ["service of failures", figures.failedService],
  ];
  return measured
    .filter(([, { total }]) => total > 0)
    .map(([measure, distribution], row) => ({
      cells: [row === 0 ? operation : "", measure, ...latencyCells(distribution)],
      second: row > 0,
    }));
}

/** Latencies of all operations together and of each. */
export function latencyTable({ totals }: RunFigures): Html {
  const rows = totals.classes.flatMap((part) => latencyRows(part.operation, part));
  if (totals.classes.length > 1) rows.unshift(...latencyRows("all", overall(totals)));
  if (totals.lateness.total > 0) {
    rows.push({ cells: ["lateness", "ours", ...latencyCells(totals.lateness)] });
  }
  const percentiles = reportedPercentiles.map((percent) => `p${percent}`);
  return htmlTable(["operation", "latency", "n", "mean", ...percentiles, "max"], rows, 2);
}

/** Empty where nothing was asked. */
export function thresholdTable({ thresholds = [] }: RunFigures): Html {
  const rows = thresholds.map((result) => {
    const [word = "", ...rest] = thresholdCells(result);
    return { cells: [...rest.slice(0, 1), word, ...rest.slice(1)] };
  });
  return rows.length === 0 ? "" : htmlTable(["threshold", "", "actual", "note"], rows, 4);
}

/** Counts, bytes and rates of each operation and of all. */
export const requestTable = (figures: RunFigures): Html =>
  htmlTable(
    ["operation", ...requestHeads],
    requestCells(figures).map((cells) => ({ cells })),
    1,
  );

/** Steps of the schedule. Empty where it has none. */
export function stepTable(figures: RunFigures): Html {
  const rows = stepCells(figures).map((cells) => ({
    cells: cells.map((cell) => cell.replace(/us$/, "µs")),
  }));
  return rows.length === 0 ? "" : htmlTable(["step", ...stepHeads], rows, 1);
}

/** How requests went when they were recorded, and now. Empty where the trace was no recording. */
export function recordedTable(figures: RunFigures): Html {
  const rows = recordedCells(figures).map((cells) => ({
    cells: cells.map((cell) => cell.replace(/us$/, "µs")),
    second: cells[0] === "",
  }));
  return rows.length === 0 ? "" : htmlTable(["operation", "", ...recordedHeads], rows, 2);
}

/** Failures by label and operation, with the first message of each label. Empty where nothing failed. */
export function errorTable({ totals, examples }: RunFigures): Html {
  const rows = totals.classes.flatMap(({ operation, errors }) =>
    Object.entries(errors).map(([label, count]) => ({
      cells: [label, operation, examples[label] ?? "", formatCount(count)],
    })),
  );
  return rows.length === 0 ? "" : htmlTable(["error", "operation", "first example", "n"], rows, 3);
}

/** Last status of each request. */
export function statusTable({ totals }: RunFigures): Html {
  const rows = totals.classes.flatMap(({ operation, statuses }) =>
    Object.entries(statuses).map(([status, count]) => ({
      cells: [status === "0" ? "no answer" : status, operation, formatCount(count)],
    })),
  );
  return htmlTable(["status", "operation", "n"], rows, 2);
}

/** What each node did. Empty where there was one. */
export function nodeTable({ nodes = [], paced }: RunFigures): Html {
  const rows = nodes.map(({ name, done, failed, bytes, response, service }) => ({
    cells: [
      name,
      formatCount(done),
      formatCount(failed),
      formatBytes(bytes),
      ...latencyCells(paced ? response : service).slice(1),
    ],
  }));
  const percentiles = reportedPercentiles.map((percent) => `p${percent}`);
  const head = ["node", "done", "failed", "bytes", "mean", ...percentiles, "max"];
  return rows.length === 0 ? "" : htmlTable(head, rows, 1);
}

/** How each request worker thread fared. */
export function threadTable({ totals }: RunFigures): Html {
  const rows = totals.health.map((thread, worker) => ({
    cells: [
      `worker ${worker}`,
      time(thread.loopDelayP99),
      time(thread.loopDelayMax),
      formatCount(thread.gcCount),
      time(thread.gcNanos),
      time(thread.gcP50),
      time(thread.gcP99),
      time(thread.gcMax),
    ],
  }));
  const head = ["thread", "loop p99", "loop max", "GCs", "GC time", "GC p50", "GC p99", "GC max"];
  return htmlTable(head, rows, 1);
}
