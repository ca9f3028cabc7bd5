import { type Distribution, supportsPercentile, valueAtPercentile } from "../stats/distribution.ts";
import type { RequestFigures } from "../stats/figures.ts";
import { overall, type RunFigures } from "./run-figures.ts";
import type { SeriesPoint } from "./timeseries.ts";

/** A line of a chart; `colour` names a custom property of the page's style. Null = a gap. */
type ChartLine = {
  readonly label: string;
  readonly colour: string;
  readonly dashed?: boolean;
  readonly filled?: boolean;
  /** CSS pixels; 2 where it is not given. Lines that may cover each other get thinner towards the last. */
  readonly width?: number;
  readonly values: readonly (number | null)[];
};

/**
 * A chart as data. `x`: seconds since the start; nines: log10(1 / (1 - p)), so that 1 is p90 and 3 is p99.9; bytes, by
 * powers of two; milliseconds or ranks, by powers of ten; or whole numbers of pullers. `y`: milliseconds, events per second, bytes per second, a plain count, or a share from 0 to 1.
 */
export type Chart = {
  readonly name: string;
  readonly x: "seconds" | "nines" | "bytes" | "ms" | "rank" | "pullers";
  readonly y: "ms" | "perSecond" | "bytesPerSecond" | "count" | "share";
  readonly logarithmic: boolean;
  readonly at: readonly number[];
  readonly lines: readonly ChartLine[];
};

/** Charts by the id of the element that shows them. Of several with one id the reader chooses one by name. */
export type PageCharts = Readonly<Record<string, readonly Chart[]>>;

const POINTS_PER_NINE = 80;
const NINES_MAX = 7;

/** Places along the axis of nines up to what the largest of the distributions can tell. */
function ninesUpTo(distributions: readonly Distribution[]): number[] {
  const largest = Math.max(...distributions.map(({ total }) => total));
  const places: number[] = [];
  for (let step = 0; step <= NINES_MAX * POINTS_PER_NINE; step++) {
    const nines = step / POINTS_PER_NINE;
    if (!supportsPercentile(largest, percentAt(nines))) break;
    places.push(nines);
  }
  return places;
}

const percentAt = (nines: number): number => 100 - 100 * 10 ** -nines;

const curve = (distribution: Distribution, places: readonly number[]): (number | null)[] =>
  places.map((nines) => {
    const percent = percentAt(nines);
    if (!supportsPercentile(distribution.total, percent)) return null;
    return valueAtPercentile(distribution, percent) / 1e6;
  });

type Measured = Pick<ChartLine, "label" | "colour" | "width"> & { distribution: Distribution };

function curveChart(name: string, measured: readonly Measured[]): Chart {
  const some = measured.filter(({ distribution }) => distribution.total > 0);
  const at = ninesUpTo(some.map(({ distribution }) => distribution));
  const lines = some.map(({ distribution, ...line }) => ({
    ...line,
    values: curve(distribution, at),
  }));
  return { name, x: "nines", y: "ms", logarithmic: true, at, lines };
}

const latencyCurve = (name: string, { response, service, ttfb }: RequestFigures): Chart =>
  curveChart(name, [
    { label: "response", colour: "first", width: 4, distribution: response },
    { label: "service", colour: "second", distribution: service },
    { label: "first byte", colour: "third", width: 1.25, distribution: ttfb },
  ]);

type ChartHead = Pick<Chart, "name" | "y" | "logarithmic">;
type TimeLine = Omit<ChartLine, "values"> & {
  readonly value: (point: SeriesPoint) => number | null;
};

function timeChart(
  points: readonly SeriesPoint[],
  head: ChartHead,
  lines: readonly TimeLine[],
): Chart {
  const drawn = lines.map(({ value, ...line }) => ({ ...line, values: points.map(value) }));
  return {
    ...head,
    x: "seconds",
    at: points.map(({ second }) => second),
    lines: drawn.filter(({ values }) => values.some((value) => value !== null)),
  };
}

const rounded = (value: number): number => Number(value.toPrecision(6));

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

/** All charts of the report page. Charts without a line are left out. */
export function pageCharts(
  { totals, paced }: RunFigures,
  points: readonly SeriesPoint[],
): PageCharts {
  const curves = totals.classes.map((part) => latencyCurve(part.operation, part));
  const all = latencyCurve("all operations", overall(totals));
  const charts: PageCharts = {
    curve: curves.length > 1 ? [all, ...curves] : curves,
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
    bytes: [
      timeChart(points, { name: "bytes", y: "bytesPerSecond", logarithmic: false }, [
        { label: "received", colour: "first", value: perSecond(({ bytesIn }) => bytesIn) },
        { label: "sent", colour: "second", value: perSecond(({ bytesOut }) => bytesOut) },
      ]),
    ],
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
    concurrency: [
      timeChart(points, { name: "in flight", y: "count", logarithmic: false }, [
        { label: "in flight", colour: "first", value: ({ inFlight }) => inFlight },
        { label: "waiting for a place", colour: "second", value: ({ waiting }) => waiting },
      ]),
    ],
  };
  return Object.fromEntries(
    Object.entries(charts).map(([id, list]) => [id, list.filter(({ lines }) => lines.length > 0)]),
  );
}
