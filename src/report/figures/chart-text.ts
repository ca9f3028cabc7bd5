// Numbers of charts as text: on axes, in legends and in what is read out. The report page carries the source of these
// functions, so they refer to nothing but each other, their arguments and the functions of number-format.ts.

import type { Chart } from "../chart.ts";
import { formatBytes, formatNanos } from "../number-format.ts";

export function valueText(unit: Chart["y"], value: number | null): string {
  if (value === null || value === undefined) return "-";
  if (unit === "ms") return formatNanos(value * 1e6).replace("us", "µs");
  if (unit === "bytesPerSecond") return `${formatBytes(value)}/s`;
  if (unit === "share") return `${Number((value * 100).toPrecision(3))}%`;
  if (unit === "ratio") return Number(value.toFixed(3)).toString();
  const text = value.toLocaleString("en-US", { maximumSignificantDigits: 4 });
  return unit === "perSecond" ? `${text}/s` : text;
}

export function isDecade(tick: number | null): boolean {
  return tick !== null && /^1(e|0*$|$)/.test(tick.toExponential().replace(".", ""));
}

export function placeText(kind: Chart["x"], at: number | null): string {
  if (at === null || at === undefined) return "-";
  if (kind === "bytes") return formatBytes(at);
  if (kind === "ms") return formatNanos(at * 1e6).replace("us", "µs");
  if (kind === "rank" || kind === "pullers") return at.toLocaleString("en-US");
  if (kind === "nines")
    return `${Number((100 - 100 * 10 ** -at).toPrecision(Math.max(3, at + 2)))}%`;
  if (at < 120) return `${Number(at.toFixed(3))} s`;
  // Rounded before it is taken apart: 2:59.7 is 3:00 and not 2:60.
  const whole = Math.round(at);
  const minutes = Math.floor(whole / 60);
  const rest = String(whole % 60).padStart(2, "0");
  if (minutes < 60) return `${minutes}:${rest} min`;
  return `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, "0")}:${rest} h`;
}

/** What the axes of a chart show. */
export function axisNames(chart: Pick<Chart, "x" | "y">): { x: string; y: string } {
  const across = {
    seconds: "time since the start",
    nines: "percentile",
    bytes: "size",
    ms: "time",
    rank: "rank",
    pullers: "active pullers",
  };
  const up = {
    ms: "time",
    perSecond: "per second",
    bytesPerSecond: "bytes per second",
    count: "count",
    share: "share",
    ratio: "ratio",
  };
  return { x: across[chart.x], y: up[chart.y] };
}

/** A name for the places of a chart: heads columns of its data. */
export function placeColumn(kind: Chart["x"]): string {
  const names = {
    seconds: "second",
    nines: "nines",
    bytes: "bytes",
    ms: "ms",
    rank: "rank",
    pullers: "pullers",
  };
  return names[kind];
}

/** `x (unit)` of a line's values: heads columns of its data. */
export function lineColumn(unit: Chart["y"], label: string): string {
  const units = {
    ms: "ms",
    perSecond: "per_second",
    bytesPerSecond: "bytes_per_second",
    count: "count",
    share: "share",
    ratio: "ratio",
  };
  return `${label.replace(/[^A-Za-z0-9.]+/g, "_")}_${units[unit]}`;
}

/** The data of a chart as CSV: a row per place; an empty field is a gap. Cells of a heatmap are not in it. */
export function chartCsv(chart: Chart): string {
  const percents = chart.x === "nines";
  const head = [
    placeColumn(chart.x),
    ...(percents ? ["percentile"] : []),
    ...chart.lines.map(({ label }) => lineColumn(chart.y, label)),
  ];
  const rows = chart.at.map((at, index) =>
    [
      at,
      ...(percents ? [Number((100 - 100 * 10 ** -at).toPrecision(10))] : []),
      ...chart.lines.map(({ values }) => values[index] ?? ""),
    ].join(","),
  );
  return `${[head.join(","), ...rows].join("\n")}\n`;
}

/** Cells of a heatmap as CSV: stretch of time, range of latency, how many. */
export function cellsCsv(chart: Chart): string {
  const { cells } = chart;
  if (cells === undefined) return "";
  const rows = ["from_second,to_second,from_ms,to_ms,count"];
  cells.counts.forEach((column, at) => {
    for (let pair = 0; pair < column.length; pair += 2) {
      const row = column[pair] as number;
      const edges = [
        cells.columns[at],
        cells.columns[at + 1],
        cells.rows[row],
        cells.rows[row + 1],
      ];
      rows.push([...edges, column[pair + 1]].join(","));
    }
  });
  return `${rows.join("\n")}\n`;
}
