// Curves of two sides: one over the other, and their ratio.
import {
  type Distribution,
  supportsPercentile,
  valueAtPercentile,
} from "../../stats/distribution.ts";
import type { Chart, PageCharts } from "../chart.ts";
import { curveChart, ninesUpTo, percentAt, rounded } from "../figures/chart-makers.ts";
import type { ComparedCurve } from "./compare-runs.ts";

const overlay = ({ operation, measure, a, b }: ComparedCurve): Chart =>
  curveChart(`${operation} ${measure}`, [
    { label: "A", colour: "first", width: 3, distribution: a },
    { label: "B", colour: "second", distribution: b },
  ]);

/** B / A by percentile, as far as both support it. */
function ratio({ operation, measure, a, b }: ComparedCurve): Chart {
  const at = ninesUpTo([a, b]).filter((nines) => {
    const percent = percentAt(nines);
    return [a, b].every(({ total }) => supportsPercentile(total, percent));
  });
  const value = (distribution: Distribution, nines: number): number =>
    Math.max(1, valueAtPercentile(distribution, percentAt(nines)));
  return {
    name: `${operation} ${measure}`,
    x: "nines",
    y: "ratio",
    logarithmic: false,
    at,
    lines: [
      {
        label: "B / A",
        colour: "second",
        values: at.map((nines) => rounded(value(b, nines) / value(a, nines))),
      },
      { label: "no difference", colour: "ink", dashed: true, width: 1.25, values: at.map(() => 1) },
    ],
  };
}

export const compareCharts = (curves: readonly ComparedCurve[]): PageCharts => ({
  overlay: curves.map(overlay),
  ratio: curves.map(ratio),
});
