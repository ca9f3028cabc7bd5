// What page and figures of compared pull tests draw: rates against pullers, latency and ratio by percentile of each step.
import type { Chart, PageCharts } from "../../report/chart.ts";
import { compareCharts } from "../../report/compare/compare-charts.ts";
import type { PageComparison } from "../../report/compare/compare-page.ts";
import type { ComparedCurve } from "../../report/compare/compare-runs.ts";
import { rounded } from "../../report/figures/chart-makers.ts";
import type { RampComparison, RampRow } from "./compare-ramps.ts";
import { rampCells, rampHeads } from "./ramp-comparison-text.ts";

type Compared = { readonly comparison: RampComparison; readonly curves: readonly ComparedCurve[] };

/** Of phases that have several levels. */
const scalingCharts = (rows: readonly RampRow[]): Chart[] =>
  [...new Set(rows.map(({ phase }) => phase))].flatMap((phase) => {
    const rates = rows.filter((row) => row.phase === phase && row.measure === "rate");
    const levels = [...new Set(rates.map(({ level }) => level))].sort((a, b) => a - b);
    return levels.length < 2 ? [] : [scalingChart(phase, rates, levels)];
  });

/** Steps of the same level lie on a place: the way up, since the way down repeats it. */
function scalingChart(name: string, rates: readonly RampRow[], levels: readonly number[]): Chart {
  const first = levels.map((wanted) => rates.find(({ level }) => level === wanted));
  const values = (side: "a" | "b") =>
    first.map((row) => (row === undefined ? null : rounded(row[side])));
  return {
    name,
    x: "pullers",
    y: "perSecond",
    logarithmic: false,
    at: levels,
    lines: [
      { label: "A", colour: "first", width: 3, values: values("a") },
      { label: "B", colour: "second", values: values("b") },
    ],
  };
}

export const rampCharts = ({ comparison, curves }: Compared): PageCharts => ({
  scaling: scalingCharts(comparison.rows),
  ...compareCharts(curves),
});

/** A figure holds one chart: each step and phase has its own. */
export const rampFigures = ({ comparison, curves }: Compared): PageCharts =>
  Object.fromEntries([
    ...scalingCharts(comparison.rows).map((chart) => [`rate-${chart.name}`, [chart]] as const),
    ...curves.flatMap((curve) => {
      const { overlay = [], ratio = [] } = compareCharts([curve]);
      const [name = ""] = curve.operation.split(",");
      const step = name.replaceAll(" ", "-");
      return [[`overlay-${step}`, overlay] as const, [`ratio-${step}`, ratio] as const];
    }),
  ]);

export const pageOf = ({ rows, ...comparison }: RampComparison): PageComparison => ({
  ...comparison,
  leftOut: [],
  differences: { heads: rampHeads, cells: rows.map(rampCells), textColumns: 5 },
  sections:
    scalingCharts(rows).length === 0
      ? []
      : [
          {
            title: "Rate against active pullers",
            note: "Pulls per second at each level of the schedule, on its way up.",
            chart: "scaling",
          },
        ],
});
