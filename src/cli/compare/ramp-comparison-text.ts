// A comparison of pull tests, for people.
import {
  basisSentence,
  intervalText,
  signedPercent,
  verdictPaint,
} from "../../report/compare/comparison-text.ts";
import { formatCount, formatNanos, formatRate } from "../../report/number-format.ts";
import { alignRows, type Paint } from "../../report/text-table.ts";
import type { RampComparison, RampMeasure, RampRow } from "./compare-ramps.ts";

export const rampHeads = [
  ...["phase", "step", "pullers", "", "", "A", "B", "difference", "95% interval", "verdict"],
] as const;

const measures: Readonly<Record<RampMeasure, string>> = {
  rate: "pulls/s",
  pull: "pull",
  ttfb: "first byte",
};

export function rampCells(row: RampRow): string[] {
  const { phase, step, level, measure, percent, a, b, difference, verdict } = row;
  const value = (figure: number): string =>
    percent === null ? formatRate(figure) : formatNanos(figure);
  return [
    ...[phase, String(step), String(level)],
    ...[measures[measure], percent === null ? "" : `p${percent}`],
    ...[value(a), value(b), signedPercent(difference), intervalText(row), verdict],
  ];
}

/** Place and pullers are said once a step. */
function tableRows(rows: readonly RampRow[], paint: Paint) {
  return rows.map((row, at) => {
    const last = rows[at - 1];
    const isNew = last === undefined || last.phase !== row.phase || last.step !== row.step;
    const cells = rampCells(row).map((cell, column) => (isNew || column > 2 ? cell : ""));
    return { cells, paint: verdictPaint(row.verdict, paint) };
  });
}

const pullsText = ({ done, failed }: RampComparison["a"]): string =>
  `${formatCount(done)} done, ${formatCount(failed)} failed`;

/** No line break at its end. */
export function rampComparisonText(comparison: RampComparison, paint: Paint): string {
  const { a, b, verdict, rows, warnings } = comparison;
  const apart = comparison.dissimilarities.map(({ what, a: one, b: other }) => ({
    cells: [what, `${one} | ${other}`],
  }));
  return [
    `${verdictPaint(verdict, paint)(verdict)}  A ${a.directories.join(" ")}  B ${b.directories.join(" ")}`,
    ...warnings.map((line) => `${paint.warning("note")}  ${line}`),
    ...(apart.length === 0
      ? []
      : [
          "",
          paint.warning("Not the same in both, and may explain differences (A | B)"),
          ...alignRows(apart, "l").map((line) => `  ${line}`),
        ]),
    "",
    ...alignRows([{ cells: rampHeads, paint: paint.dim }, ...tableRows(rows, paint)], "lrrllrrrrl"),
    "",
    `pulls: A ${pullsText(a)}; B ${pullsText(b)}`,
    paint.dim(basisSentence(comparison)),
  ].join("\n");
}
