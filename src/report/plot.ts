// Draws a chart with uPlot. The page carries the source text of what this file exports: see page-source.ts.

import type { Browser, PageElement, Plot } from "./browser.ts";
import type { Chart } from "./chart.ts";
import { axisNames, isDecade, placeText, valueText } from "./figures/chart-text.ts";
import { cellShade, mostInCells } from "./figures/svg-chart.ts";
import { aroundOne } from "./figures/svg-scale.ts";
import { formatBytes } from "./number-format.ts";

export function drawChart(chart: Chart, canvas: PageElement, browser: Browser): Plot {
  const style = browser.getComputedStyle(browser.document.documentElement);
  const colour = (name: string): string => style.getPropertyValue(`--${name}`).trim();
  const font = "12px system-ui, sans-serif";
  const axis = { stroke: colour("muted"), font, grid: { stroke: colour("grid"), width: 1 } };
  const inTime = chart.x === "seconds";
  const ticks = {
    seconds: { values: secondsTicks, incrs: timeSteps(), space: 90 },
    nines: { splits: ninesSplits, values: ninesTicks },
    bytes: { values: bytesTicks },
    ms: { values: millisecondsTicks },
    rank: { values: ranksTicks },
    pullers: { incrs: wholeSteps(), space: 40 },
  };
  const swatch = (line: number): string => colour(chart.lines[line - 1]?.colour ?? "muted");
  const options = {
    width: Math.max(280, canvas.clientWidth),
    height: chart.cells === undefined ? 280 : 340,
    cursor: { drag: { x: inTime, y: false }, ...(inTime ? { sync: { key: "time" } } : {}) },
    // Labels of times are wide, and the last one may stand at the edge.
    ...(inTime ? { padding: [null, 36, null, null] } : {}),
    scales: scalesOf(chart),
    legend: { markers: { width: 0, fill: (_: unknown, line: number) => swatch(line) } },
    hooks: { drawAxes: [(plot: Plot) => paintCells(plot, chart, colour("heat"))] },
    axes: [
      { ...axis, ...ticks[chart.x] },
      {
        ...axis,
        size: 72,
        values: (_: unknown, ticks: number[]) => valueTicks(chart, ticks),
        ...(chart.y === "bytesPerSecond" ? { incrs: byteSteps() } : {}),
      },
    ],
    series: [
      {
        label: axisNames(chart).x,
        value: (_: unknown, at: number | null) => placeText(chart.x, at),
      },
      ...chart.lines.map((line) => ({
        label: line.label,
        stroke: colour(line.colour),
        width: line.width ?? 2,
        points: { show: chart.at.length < 60 && chart.x !== "nines" && chart.x !== "ms", size: 5 },
        ...(line.dashed ? { dash: [6, 4] } : {}),
        ...(line.filled ? { fill: `${colour(line.colour)}22` } : {}),
        value: (_: unknown, value: number | null) => valueText(chart.y, value),
      })),
    ],
  };
  const plot = new browser.uPlot(
    options,
    [chart.at, ...chart.lines.map(({ values }) => values)],
    canvas,
  );
  makeLegendReachable(canvas);
  return plot;
}

export function scalesOf(chart: Chart): object {
  const bases = { seconds: 0, nines: 0, bytes: 2, ms: 10, rank: 10, pullers: 0 };
  const log = bases[chart.x];
  const { cells } = chart;
  const across = log > 0 ? { time: false, distr: 3, log } : { time: false };
  const up = chart.logarithmic ? { distr: 3, log: 10, range: decades } : { range: fromZero };
  if (cells === undefined)
    return {
      x: across,
      y: { share: { range: shareRange }, ratio: { range: ratioRange } }[chart.y as string] ?? up,
    };
  const [low, high] = [cells.rows[0] as number, cells.rows[cells.rows.length - 1] as number];
  const end = cells.columns[cells.columns.length - 1] as number;
  return {
    // A stretch that the reader has marked is shown as marked.
    x: {
      ...across,
      range: (_: unknown, from: number, to: number) => [
        from,
        Math.max(to, from === cells.columns[0] ? end : to),
      ],
    },
    y: { ...up, range: () => [low, high] },
  };
}

/** Cells of a heatmap, below the lines and above the grid. */
export function paintCells(plot: Plot, chart: Chart, colour: string): void {
  const { cells } = chart;
  if (cells === undefined) return;
  const { ctx, bbox } = plot;
  const most = mostInCells(cells.counts);
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  ctx.fillStyle = colour;
  cells.counts.forEach((column, at) => {
    const left = plot.valToPos(cells.columns[at] as number, "x", true);
    const right = plot.valToPos(cells.columns[at + 1] as number, "x", true);
    for (let pair = 0; pair < column.length; pair += 2) {
      const row = column[pair] as number;
      const top = plot.valToPos(cells.rows[row + 1] as number, "y", true);
      const bottom = plot.valToPos(cells.rows[row] as number, "y", true);
      ctx.globalAlpha = cellShade(column[pair + 1] as number, most);
      // Whole pixels: edges that are blended twice would show as a grid of their own.
      const x = Math.round(left);
      const y = Math.round(top);
      ctx.fillRect(x, y, Math.max(1, Math.round(right) - x), Math.max(1, Math.round(bottom) - y));
    }
  });
  ctx.restore();
}

/** uPlot hides a line when its label is clicked; this gives the keyboard the same. */
export function makeLegendReachable(canvas: PageElement): void {
  for (const label of canvas.querySelectorAll(".u-legend .u-series:not(:first-child) th")) {
    label.tabIndex = 0;
    label.setAttribute("role", "button");
    label.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      label.click();
    });
  }
}

/** Steps that make round labels of seconds, minutes, hours and days. */
export function timeSteps(): number[] {
  const below = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5];
  const minutes = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800];
  const hours = [1, 2, 4, 6, 12, 24, 48, 96, 168, 336, 672, 1344, 2688];
  return [...below, ...minutes, ...hours.map((count) => 3600 * count)];
}

/** Round in units of 1024. */
export function byteSteps(): number[] {
  return Array.from({ length: 48 }, (_, power) => 2 ** power);
}

/** So that no tick falls between two whole numbers. */
export function wholeSteps(): number[] {
  return [1, 10, 100, 1000, 10_000].flatMap((power) => [power, 2 * power, 5 * power]);
}

export function fromZero(_: unknown, _low: number | null, high: number | null): [number, number] {
  return [0, Math.max(1, (high ?? 0) * 1.08)];
}

export function shareRange(_: unknown, _low: number | null, high: number | null): [number, number] {
  return [0, Math.max(0.01, (high ?? 0) * 1.04)];
}

export function ratioRange(_: unknown, low: number | null, high: number | null): [number, number] {
  return aroundOne([low ?? 1, high ?? 1]);
}

/** Whole decades, at least one, so that two ticks have labels. */
export function decades(_: unknown, low: number | null, high: number | null): [number, number] {
  const bottom = Math.floor(Math.log10(low ?? 1));
  const top = Math.ceil(Math.log10(high ?? 1));
  return [10 ** bottom, 10 ** Math.max(top, bottom + 1)];
}

/** A log axis offers more ticks than there is room for: decades are labelled. */
export function valueTicks(
  chart: Pick<Chart, "y" | "logarithmic">,
  ticks: readonly (number | null)[],
): string[] {
  return ticks.map((tick) => {
    if (tick === null) return "";
    if (chart.logarithmic && !isDecade(tick)) return "";
    return valueText(chart.y, tick);
  });
}

export function secondsTicks(_: unknown, ticks: readonly number[]): string[] {
  return ticks.map((tick) => placeText("seconds", tick));
}

/** A log axis offers more places than there is room for; those without a text get none. */
export function bytesTicks(_: unknown, ticks: readonly (number | null)[]): string[] {
  return ticks.map((tick) => (tick === null ? "" : formatBytes(tick)));
}

/** Decades only. */
export function millisecondsTicks(_: unknown, ticks: readonly (number | null)[]): string[] {
  return ticks.map((tick) => (isDecade(tick) ? placeText("ms", tick) : ""));
}

export function ranksTicks(_: unknown, ticks: readonly (number | null)[]): string[] {
  return ticks.map((tick) => (isDecade(tick) ? placeText("rank", tick) : ""));
}

export function ninesSplits(
  plot: { readonly width: number },
  _axis: number,
  low: number,
  high: number,
): number[] {
  const whole = [0, 1, 2, 3, 4, 5, 6, 7];
  const between = plot.width < 480 ? [] : [Math.log10(2), Math.log10(4), Math.log10(20)];
  return [...whole, ...between].sort((a, b) => a - b).filter((at) => at >= low && at <= high);
}

export function ninesTicks(_: unknown, ticks: readonly number[]): string[] {
  return ticks.map((tick) => placeText("nines", tick));
}
