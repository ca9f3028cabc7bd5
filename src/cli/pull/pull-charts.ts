// What the page of a pull test draws: the course, the steps, rate against pullers, cold against warm.
import { type ClassInterval, pullsOf } from "../../pull/pull-interval.ts";
import type { RatePoint } from "../../pull/rate-course.ts";
import type { StepFigures } from "../../pull/step-record.ts";
import type { PhaseFigures } from "../../pull/tables.ts";
import type { Chart, PageCharts } from "../../report/chart.ts";
import { curveChart } from "../../report/figures/chart-makers.ts";
import { healthCharts, heatCharts } from "../../report/figures/course-charts.ts";
import { bytesChart, concurrencyChart } from "../../report/page-charts.ts";
import type { RunTimeline } from "../../report/run-timeline.ts";
import {
  type Distribution,
  supportsPercentile,
  valueAtPercentile,
} from "../../stats/distribution.ts";
import type { PullFigures } from "./pull-results.ts";

const rounded = (value: number): number => Number(value.toPrecision(6));
const inMs = (nanoseconds: number | null): number | null =>
  nanoseconds === null ? null : nanoseconds / 1e6;

/** Charts by the id of the section that shows them. */
export const chartsOf = (
  figures: PullFigures,
  { rates, timeline }: { readonly rates: readonly RatePoint[]; readonly timeline: RunTimeline },
): PageCharts => ({
  ...courseCharts(rates),
  ...timelineCharts(figures, timeline),
  ...stepCharts(figures),
  scaling: scalingCharts(figures.steps),
  phases: [phaseChart(figures.phases.filter(({ name }) => name !== PLAIN_PHASE))],
});

/** The phase that says nothing about the cache. */
const PLAIN_PHASE = "run";

const base = { x: "seconds", logarithmic: false } as const;

function courseCharts(course: readonly RatePoint[]): PageCharts {
  const at = course.map(({ seconds }) => rounded(seconds));
  const rates = course.map(({ rate }) => rounded(rate));
  const failures = course.map((point) => rounded(point.failures));
  const active = course.map((point) => rounded(point.active));
  return {
    rate: [
      {
        ...base,
        name: "rate",
        y: "perSecond",
        at,
        lines: [
          { label: "pulls", colour: "first", filled: true, values: rates },
          { label: "failed", colour: "bad", values: failures },
        ],
      },
    ],
    active: [
      {
        ...base,
        name: "active",
        y: "count",
        at,
        lines: [{ label: "active pullers", colour: "second", filled: true, values: active }],
      },
    ],
  };
}

/** What pulls have in common with any run: drawn alike. */
function timelineCharts(
  { totals }: PullFigures,
  { series: { points }, heat }: Pick<RunTimeline, "series" | "heat">,
): PageCharts {
  const curveOf = ({ total, ttfb }: ClassInterval, name: string): Chart =>
    curveChart(name, [
      { label: "total", colour: "first", distribution: total },
      { label: "first byte", colour: "third", width: 1.25, distribution: ttfb },
    ]);
  const curves = [
    curveOf(pullsOf(totals), "pull"),
    ...totals.classes.map((part) => curveOf(part, part.name)),
  ];
  return {
    heat: heatCharts(heat.columns, points, false),
    curve: curves.filter(({ lines }) => lines.length > 0),
    concurrency: [concurrencyChart(points)],
    bytes: [bytesChart(points)],
    health: healthCharts(points),
  };
}

function stepCharts({ steps, end }: PullFigures): PageCharts {
  const at = end.sum.steps.map(({ from }) => rounded(from));
  const rates = steps.map(({ pullsPerSecond }) => rounded(pullsPerSecond));
  // Against the first step of one puller in the same phase.
  const proportional = steps.map(({ level, speedUp, pullsPerSecond }) =>
    speedUp === null || speedUp === 0 ? null : rounded((pullsPerSecond / speedUp) * level),
  );
  const first = steps.map(({ firstPulls, seconds }) =>
    seconds > 0 ? rounded(firstPulls / seconds) : null,
  );
  const times = [
    { label: "p50", colour: "third", values: steps.map(({ pullP50 }) => inMs(pullP50)) },
    { label: "p99", colour: "first", values: steps.map(({ pullP99 }) => inMs(pullP99)) },
    {
      label: "manifest first byte p50",
      colour: "second",
      dashed: true,
      values: steps.map(({ ttfbP50 }) => inMs(ttfbP50)),
    },
  ];
  return {
    "step-latency": [{ ...base, name: "latency", y: "ms", logarithmic: true, at, lines: times }],
    "step-rate": [
      {
        ...base,
        name: "rate by step",
        y: "perSecond",
        at,
        lines: [
          { label: "pulls", colour: "first", values: rates },
          { label: "in proportion", colour: "ink", dashed: true, values: proportional },
          { label: "first of their image", colour: "third", width: 1.25, values: first },
        ],
      },
    ],
  };
}

/** A chart for each phase with several levels: what the rate makes of more pullers, and what is left with fewer. */
export function scalingCharts(steps: readonly StepFigures[]): Chart[] {
  const names = [...new Set(steps.map(({ phase }) => phase))];
  return names.flatMap((name) => {
    const own = steps.filter(({ phase }) => phase === name);
    const levels = [...new Set(own.map(({ level }) => level))].sort((a, b) => a - b);
    return levels.length < 2 ? [] : [scalingChart(name, own, levels)];
  });
}

function scalingChart(name: string, steps: readonly StepFigures[], levels: number[]): Chart {
  const falls = steps.map(({ level }, index) => level < (steps[index - 1]?.level ?? 0));
  const rising = steps.filter((_, index) => falls[index] === false);
  const falling = steps.filter((_, index) => falls[index] === true);
  const known = steps.find(({ speedUp }) => speedUp !== null && speedUp > 0);
  const alone = known === undefined ? null : known.pullsPerSecond / (known.speedUp ?? 1);
  const lines = [
    { label: "with more at each step", colour: "first", values: ratesAt(levels, rising) },
    { label: "with fewer at each step", colour: "second", values: ratesAt(levels, falling) },
    {
      label: "in proportion to the first one",
      colour: "ink",
      dashed: true,
      values: levels.map((level) => (alone === null ? null : rounded(alone * level))),
    },
  ];
  return {
    name,
    x: "pullers",
    y: "perSecond",
    logarithmic: false,
    at: levels,
    lines: lines.filter(({ values }) => values.some((value) => value !== null)),
  };
}

/** Pulls per second at each level, over all steps of it. */
const ratesAt = (levels: readonly number[], steps: readonly StepFigures[]): (number | null)[] =>
  levels.map((wanted) => {
    const same = steps.filter(({ level }) => level === wanted);
    const seconds = same.reduce((sum, step) => sum + step.seconds, 0);
    const pulls = same.reduce((sum, step) => sum + step.pulls, 0);
    return seconds > 0 ? rounded(pulls / seconds) : null;
  });

const POINTS_PER_NINE = 80;
const NINES_MAX = 7;
const percentAt = (nines: number): number => 100 - 100 * 10 ** -nines;
const colours = ["first", "second", "third"];

function phaseChart(phases: readonly PhaseFigures[]): Chart {
  const totals = phases.map(({ interval }) => pullsOf(interval).total);
  const at: number[] = [];
  for (let step = 0; step <= NINES_MAX * POINTS_PER_NINE; step++) {
    const nines = step / POINTS_PER_NINE;
    if (!totals.some(({ total }) => supportsPercentile(total, percentAt(nines)))) break;
    at.push(nines);
  }
  return {
    name: "pull",
    x: "nines",
    y: "ms",
    logarithmic: true,
    at,
    lines: phases.map(({ name }, index) => ({
      label: name,
      colour: colours[index % colours.length] ?? "first",
      values: curve(totals[index] as Distribution, at),
    })),
  };
}

const curve = (distribution: Distribution, at: readonly number[]): (number | null)[] =>
  at.map((nines) => {
    const percent = percentAt(nines);
    return supportsPercentile(distribution.total, percent)
      ? valueAtPercentile(distribution, percent) / 1e6
      : null;
  });
