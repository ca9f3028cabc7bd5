// What the report page does in the browser. The page carries the source text of these functions, so they refer to nothing
// but each other, their arguments and the functions of number-format.ts.

import type { Browser, PageElement, Plot } from "./browser.ts";
import { formatBytes, formatNanos } from "./number-format.ts";
import type { Chart, PageCharts } from "./page-charts.ts";

/** Draws every chart, and again whenever the colours change. */
function drawPage(charts: PageCharts, browser: Browser): void {
  const redraws: (() => void)[] = [];
  for (const [id, variants] of Object.entries(charts)) {
    const place = browser.document.getElementById(id);
    if (place !== null) redraws.push(showChart(variants, place, browser));
  }
  const redrawAll = (): void => {
    for (const redraw of redraws) redraw();
  };
  const root = browser.document.documentElement;
  browser.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redrawAll);
  browser.addEventListener("resize", redrawAll);
  // Charts are pictures and know nothing of print styles: they are drawn anew on paper's terms.
  browser.addEventListener("beforeprint", () => {
    root.setAttribute("data-paper", "yes");
    redrawAll();
  });
  browser.addEventListener("afterprint", () => {
    root.setAttribute("data-paper", "no");
    redrawAll();
  });
}

/** One chart in its place, with a choice above it if there are several. Returns what draws it anew. */
function showChart(variants: readonly Chart[], place: PageElement, browser: Browser): () => void {
  const canvas = browser.document.createElement("div");
  let chosen = variants[0];
  let plot: Plot | undefined;
  const redraw = (): void => {
    plot?.destroy();
    plot = undefined;
    canvas.innerHTML = "";
    if (chosen === undefined || chosen.at.length < 2) {
      canvas.textContent = "Too few values to draw.";
      return;
    }
    plot = drawChart(chosen, canvas, browser);
  };
  if (variants.length > 1) {
    const choice = choiceOf(variants, browser);
    choice.addEventListener("change", () => {
      chosen = variants[Number(choice.value)];
      redraw();
    });
    place.append(choice);
  }
  place.append(canvas);
  redraw();
  return redraw;
}

function choiceOf(variants: readonly Chart[], browser: Browser): PageElement {
  const choice = browser.document.createElement("select");
  choice.setAttribute("aria-label", "operation");
  variants.forEach(({ name }, index) => {
    const option = browser.document.createElement("option");
    option.value = String(index);
    option.textContent = name;
    choice.append(option);
  });
  return choice;
}

function drawChart(chart: Chart, canvas: PageElement, browser: Browser): Plot {
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
  const bases = { seconds: 0, nines: 0, bytes: 2, ms: 10, rank: 10, pullers: 0 };
  const log = bases[chart.x];
  const placeNames = {
    seconds: "time",
    nines: "percentile",
    bytes: "size",
    ms: "time between",
    rank: "rank",
    pullers: "active pullers",
  };
  const swatch = (line: number): string => colour(chart.lines[line - 1]?.colour ?? "muted");
  const options = {
    width: Math.max(280, canvas.clientWidth),
    height: 280,
    cursor: { drag: { x: inTime, y: false }, ...(inTime ? { sync: { key: "time" } } : {}) },
    scales: {
      x: log > 0 ? { time: false, distr: 3, log } : { time: false },
      y: chart.logarithmic ? { distr: 3, log: 10, range: decades } : { range: fromZero },
    },
    legend: { markers: { width: 0, fill: (_: unknown, line: number) => swatch(line) } },
    axes: [
      { ...axis, ...ticks[chart.x] },
      { ...axis, size: 72, values: (_: unknown, ticks: number[]) => valueTicks(chart.y, ticks) },
    ],
    series: [
      {
        label: placeNames[chart.x],
        value: (_: unknown, at: number | null) => placeText(chart.x, at),
      },
      ...chart.lines.map((line) => ({
        label: line.label,
        stroke: colour(line.colour),
        width: line.width ?? 2,
        points: { show: chart.at.length < 60 && chart.x !== "nines", size: 5 },
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

/** uPlot hides a line when its label is clicked; this gives the keyboard the same. */
function makeLegendReachable(canvas: PageElement): void {
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
function timeSteps(): number[] {
  const below = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5];
  const minutes = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800];
  const hours = [1, 2, 4, 6, 12, 24, 48, 96, 168, 336, 672, 1344, 2688];
  return [...below, ...minutes, ...hours.map((count) => 3600 * count)];
}

/** So that no tick falls between two whole numbers. */
function wholeSteps(): number[] {
  return [1, 10, 100, 1000, 10_000].flatMap((power) => [power, 2 * power, 5 * power]);
}

function fromZero(_: unknown, _low: number | null, high: number | null): [number, number] {
  return [0, Math.max(1, (high ?? 0) * 1.08)];
}

/** Whole decades, at least one, so that two ticks have labels. */
function decades(_: unknown, low: number | null, high: number | null): [number, number] {
  const bottom = Math.floor(Math.log10(low ?? 1));
  const top = Math.ceil(Math.log10(high ?? 1));
  return [10 ** bottom, 10 ** Math.max(top, bottom + 1)];
}

function valueText(unit: Chart["y"], value: number | null): string {
  if (value === null || value === undefined) return "-";
  if (unit === "ms") return formatNanos(value * 1e6).replace("us", "µs");
  if (unit === "bytesPerSecond") return `${formatBytes(value)}/s`;
  if (unit === "share") return `${Number((value * 100).toPrecision(3))}%`;
  const text = value.toLocaleString("en-US", { maximumSignificantDigits: 4 });
  return unit === "perSecond" ? `${text}/s` : text;
}

/** A log axis offers more ticks than there is room for: decades are labelled. */
function valueTicks(unit: Chart["y"], ticks: readonly (number | null)[]): string[] {
  return ticks.map((tick) => {
    if (tick === null) return "";
    if (unit === "ms" && !isDecade(tick)) return "";
    return valueText(unit, tick);
  });
}

function secondsTicks(_: unknown, ticks: readonly number[]): string[] {
  return ticks.map((tick) => placeText("seconds", tick));
}

/** A log axis offers more places than there is room for; those without a text get none. */
function bytesTicks(_: unknown, ticks: readonly (number | null)[]): string[] {
  return ticks.map((tick) => (tick === null ? "" : formatBytes(tick)));
}

/** Decades only. */
function millisecondsTicks(_: unknown, ticks: readonly (number | null)[]): string[] {
  return ticks.map((tick) => (isDecade(tick) ? placeText("ms", tick) : ""));
}

function ranksTicks(_: unknown, ticks: readonly (number | null)[]): string[] {
  return ticks.map((tick) => (isDecade(tick) ? placeText("rank", tick) : ""));
}

function isDecade(tick: number | null): boolean {
  return tick !== null && /^1(e|0*$|$)/.test(tick.toExponential().replace(".", ""));
}

function ninesSplits(
  plot: { readonly width: number },
  _axis: number,
  low: number,
  high: number,
): number[] {
  const whole = [0, 1, 2, 3, 4, 5, 6, 7];
  const between = plot.width < 480 ? [] : [Math.log10(2), Math.log10(4), Math.log10(20)];
  return [...whole, ...between].sort((a, b) => a - b).filter((at) => at >= low && at <= high);
}

function ninesTicks(_: unknown, ticks: readonly number[]): string[] {
  return ticks.map((tick) => placeText("nines", tick));
}

function placeText(kind: Chart["x"], at: number | null): string {
  if (at === null || at === undefined) return "-";
  if (kind === "bytes") return formatBytes(at);
  if (kind === "ms") return formatNanos(at * 1e6).replace("us", "µs");
  if (kind === "rank" || kind === "pullers") return at.toLocaleString("en-US");
  if (kind === "nines")
    return `${Number((100 - 100 * 10 ** -at).toPrecision(Math.max(3, at + 2)))}%`;
  if (at < 120) return `${Number(at.toFixed(3))} s`;
  const minutes = Math.floor(at / 60);
  const rest = String(Math.round(at % 60)).padStart(2, "0");
  if (minutes < 60) return `${minutes}:${rest} min`;
  return `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, "0")}:${rest} h`;
}

/** Everything that `drawPage` needs, as the text of a script. */
export const pageScript = (): string =>
  [
    drawPage,
    showChart,
    choiceOf,
    drawChart,
    makeLegendReachable,
    wholeSteps,
    fromZero,
    decades,
    valueText,
    valueTicks,
    secondsTicks,
    timeSteps,
    bytesTicks,
    millisecondsTicks,
    ranksTicks,
    isDecade,
    ninesSplits,
    ninesTicks,
    placeText,
    formatNanos,
    formatBytes,
  ].join("\n");
