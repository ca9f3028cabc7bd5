// From measured values to charts as data.
import {
  type Distribution,
  supportsPercentile,
  valueAtPercentile,
} from "../../stats/distribution.ts";
import type { RequestFigures } from "../../stats/figures.ts";
import type { Chart, ChartLine } from "../chart.ts";
import type { SeriesPoint } from "../timeseries.ts";

const POINTS_PER_NINE = 80;
const NINES_MAX = 7;

/** Places along the axis of nines up to what the largest of the distributions can tell. */
export function ninesUpTo(distributions: readonly Distribution[]): number[] {
  const largest = Math.max(...distributions.map(({ total }) => total));
  const places: number[] = [];
  for (let step = 0; step <= NINES_MAX * POINTS_PER_NINE; step++) {
    const nines = step / POINTS_PER_NINE;
    if (!supportsPercentile(largest, percentAt(nines))) break;
    places.push(nines);
  }
  return places;
}

export const percentAt = (nines: number): number => 100 - 100 * 10 ** -nines;

const curve = (distribution: Distribution, places: readonly number[]): (number | null)[] =>
  places.map((nines) => {
    const percent = percentAt(nines);
    if (!supportsPercentile(distribution.total, percent)) return null;
    return valueAtPercentile(distribution, percent) / 1e6;
  });

export type Measured = Pick<ChartLine, "label" | "colour" | "width"> & {
  distribution: Distribution;
};

export function curveChart(name: string, measured: readonly Measured[]): Chart {
  const some = measured.filter(({ distribution }) => distribution.total > 0);
  const at = ninesUpTo(some.map(({ distribution }) => distribution));
  const lines = some.map(({ distribution, ...line }) => ({
    ...line,
    values: curve(distribution, at),
  }));
  return { name, x: "nines", y: "ms", logarithmic: true, at, lines };
}

export const latencyCurve = (name: string, { response, service, ttfb }: RequestFigures): Chart =>
  curveChart(name, [
    { label: "response", colour: "first", width: 4, distribution: response },
    { label: "service", colour: "second", distribution: service },
    { label: "first byte", colour: "third", width: 1.25, distribution: ttfb },
  ]);

type ChartHead = Pick<Chart, "name" | "y" | "logarithmic">;
type TimeLine = Omit<ChartLine, "values"> & {
  readonly value: (point: SeriesPoint) => number | null;
};

export function timeChart(
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

export const rounded = (value: number): number => Number(value.toPrecision(6));
