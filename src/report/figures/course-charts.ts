// Charts of how a run went over time: the heatmap, and how the generator fared.
import { lowestAt } from "../../stats/histogram.ts";
import type { Chart, ChartLine } from "../chart.ts";
import { type HeatColumn, ROW_INDICES } from "../heat-grid.ts";
import type { SeriesPoint } from "../timeseries.ts";
import { timeChart } from "./chart-makers.ts";

/** Rows that an eye can tell apart at the height of a chart. */
const ROWS_MAX = 60;

const edgeMs = (row: number): number =>
  Number((Math.max(1, lowestAt(row * ROW_INDICES)) / 1e6).toPrecision(5));

/** Latency over time: how many took how long, with median, 99th percentile and maximum of each window. */
export function heatCharts(
  columns: readonly HeatColumn[],
  points: readonly SeriesPoint[],
  paced: boolean,
): Chart[] {
  const used = columns.flatMap(({ counts }) => [...counts.keys()]);
  if (used.length === 0) return [];
  const bottom = used.reduce((low, row) => Math.min(low, row));
  const top = used.reduce((high, row) => Math.max(high, row)) + 1;
  const each = Math.ceil((top - bottom) / ROWS_MAX);
  const rows = Math.ceil((top - bottom) / each);
  const name = paced ? "response" : "service";
  const lines = timeChart(points, { name, y: "ms", logarithmic: true }, [
    {
      label: "max",
      colour: "bad",
      width: 1,
      value: (point) => (paced ? point.responseMax : point.serviceMax),
    },
    {
      label: "p99",
      colour: "second",
      value: (point) => (paced ? point.responseP99 : point.serviceP99),
    },
    {
      label: "p50",
      colour: "ink",
      value: (point) => (paced ? point.responseP50 : point.serviceP50),
    },
  ]);
  const cells = {
    columns: edgesOf(columns),
    rows: Array.from({ length: rows + 1 }, (_, row) => edgeMs(bottom + row * each)),
    counts: columns.map(({ counts }) => pairsOf(counts, bottom, each)),
  };
  return [{ ...lines, cells }];
}

function edgesOf(columns: readonly HeatColumn[]): number[] {
  const last = columns.at(-1);
  const end = last === undefined ? 0 : last.second + last.length;
  return [...columns.map(({ second }) => second), end].map((edge) => Number(edge.toFixed(3)));
}

function pairsOf(counts: HeatColumn["counts"], bottom: number, each: number): number[] {
  const sums = new Map<number, number>();
  for (const [row, count] of counts) {
    const grouped = Math.floor((row - bottom) / each);
    sums.set(grouped, (sums.get(grouped) ?? 0) + count);
  }
  return [...sums].sort(([a], [b]) => a - b).flat();
}

/** Event-loop delay of the worst request worker thread. */
export const healthCharts = (points: readonly SeriesPoint[]): Chart[] => [
  timeChart(points, { name: "event-loop delay", y: "ms", logarithmic: false }, [
    {
      label: "largest event-loop delay",
      colour: "second",
      value: ({ loopDelayMs }) => loopDelayMs,
    },
  ]),
];

/** Processor and garbage collection of the worst one. */
export const loadCharts = (points: readonly SeriesPoint[]): Chart[] => {
  const lines: (Pick<ChartLine, "label" | "colour"> & {
    readonly value: (point: SeriesPoint) => number | null;
  })[] = [
    { label: "busy", colour: "first", value: ({ cpuShare }) => cpuShare },
    { label: "garbage collection", colour: "second", value: ({ gcShare }) => gcShare },
  ];
  return [timeChart(points, { name: "share of the time", y: "share", logarithmic: false }, lines)];
};
