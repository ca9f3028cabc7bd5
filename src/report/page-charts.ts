import type { Chart, PageCharts } from "./chart.ts";
import { curveChart, latencyCurve, rounded, timeChart } from "./figures/chart-makers.ts";
import { healthCharts, heatCharts, loadCharts } from "./figures/course-charts.ts";
import { cdfCharts, nodeCharts, phaseCharts, sizeCharts } from "./figures/part-charts.ts";
import { overall, type RunFigures } from "./run-figures.ts";
import type { RunTimeline } from "./run-timeline.ts";
import type { SeriesPoint } from "./timeseries.ts";

/** The last window of a run may be so short that a single request would be a peak. */
const WINDOW_SECONDS_MIN = 0.5;

const perSecond = (count: (point: SeriesPoint) => number | null) => (point: SeriesPoint) => {
  const counted = count(point);
  const tooShort = point.length < WINDOW_SECONDS_MIN;
  return counted === null || tooShort ? null : rounded(counted / point.length);
};

/** Without due times there is no response time, and service times stand in. */
const latencyOverTime = (points: readonly SeriesPoint[], paced: boolean): Chart =>
  timeChart(points, { name: paced ? "response" : "service", y: "ms", logarithmic: true }, [
    {
      label: "max",
      colour: "quiet",
      value: (point) => (paced ? point.responseMax : point.serviceMax),
    },
    {
      label: "p99",
      colour: "first",
      value: (point) => (paced ? point.responseP99 : point.serviceP99),
    },
    {
      label: "p50",
      colour: "third",
      value: (point) => (paced ? point.responseP50 : point.serviceP50),
    },
  ]);

export const bytesChart = (points: readonly SeriesPoint[]): Chart =>
  timeChart(points, { name: "bytes", y: "bytesPerSecond", logarithmic: false }, [
    { label: "received", colour: "first", value: perSecond(({ bytesIn }) => bytesIn) },
    { label: "sent", colour: "second", value: perSecond(({ bytesOut }) => bytesOut) },
  ]);

/** Counted, and by Little's law. */
export const concurrencyChart = (points: readonly SeriesPoint[]): Chart =>
  timeChart(points, { name: "in flight", y: "count", logarithmic: false }, [
    { label: "at the end", colour: "quiet", width: 1.25, value: ({ inFlight }) => inFlight },
    { label: "mean", colour: "first", value: ({ meanInFlight }) => meanInFlight },
    {
      label: "by Little's law",
      colour: "ink",
      dashed: true,
      width: 1.25,
      value: ({ lawInFlight }) => lawInFlight,
    },
    {
      label: "waiting for a place",
      colour: "second",
      width: 1.25,
      value: ({ waiting }) => waiting,
    },
  ]);

/** All charts of the report page. Charts without a line are left out. */
export function pageCharts(
  figures: RunFigures,
  { series: { points }, heat }: Pick<RunTimeline, "series" | "heat">,
): PageCharts {
  const { totals, paced } = figures;
  const curves = totals.classes.map((part) => latencyCurve(part.operation, part));
  const all = latencyCurve("all operations", overall(totals));
  const charts: PageCharts = {
    curve: curves.length > 1 ? [all, ...curves] : curves,
    heat: heatCharts(heat.columns, points, paced),
    cdf: cdfCharts(totals),
    phases: phaseCharts(totals),
    sizes: sizeCharts(totals),
    nodes: nodeCharts(figures),
    health: healthCharts(points),
    load: loadCharts(points),
    throughput: [
      timeChart(points, { name: "rate", y: "perSecond", logarithmic: false }, [
        { label: "done", colour: "first", filled: true, value: perSecond(({ done }) => done) },
        { label: "sent", colour: "third", width: 3, value: perSecond(({ sent }) => sent) },
        {
          label: "planned",
          colour: "ink",
          dashed: true,
          width: 1.25,
          value: perSecond(({ planned }) => planned),
        },
      ]),
    ],
    bytes: [bytesChart(points)],
    latency: [latencyOverTime(points, paced)],
    lateness: [
      timeChart(points, { name: "lateness", y: "ms", logarithmic: true }, [
        { label: "max", colour: "quiet", value: ({ latenessMax }) => latenessMax },
        { label: "p99", colour: "second", value: ({ latenessP99 }) => latenessP99 },
      ]),
    ],
    "lateness-curve": [
      curveChart("lateness", [
        { label: "lateness", colour: "second", distribution: totals.lateness },
      ]),
    ],
    errors: [
      timeChart(points, { name: "errors", y: "perSecond", logarithmic: false }, [
        { label: "failed", colour: "bad", filled: true, value: perSecond(({ failed }) => failed) },
      ]),
    ],
    concurrency: [concurrencyChart(points)],
  };
  return Object.fromEntries(
    Object.entries(charts).map(([id, list]) => [id, list.filter(({ lines }) => lines.length > 0)]),
  );
}
