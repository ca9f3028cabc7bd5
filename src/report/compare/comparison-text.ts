import { formatNanos } from "../number-format.ts";
import { alignRows, type Paint, type Row } from "../text-table.ts";
import type { ComparedRow } from "./compare-latencies.ts";
import type { Comparison } from "./compare-runs.ts";
import type { CompareVerdict, Judged } from "./judgement.ts";

/** `+12.3%` of a share. */
export const signedPercent = (share: number): string =>
  `${share >= 0 ? "+" : "-"}${Math.abs(share * 100).toFixed(1)}%`;

export function verdictPaint(verdict: CompareVerdict, paint: Paint): (text: string) => string {
  switch (verdict) {
    case "worse":
      return paint.bad;
    case "better":
      return paint.good;
    case "inconclusive":
      return paint.warning;
    case "same":
      return (text) => text;
    default:
      return verdict satisfies never;
  }
}

export const intervalText = ({ interval }: Pick<Judged, "interval">): string =>
  interval === null ? "-" : interval.map(signedPercent).join(" .. ");

/** Heads of the cells of a row. */
export const rowHeads = ["", "", "", "A", "B", "difference", "95% interval", "verdict"] as const;

export const rowCells = (row: ComparedRow): string[] => [
  row.operation,
  row.measure,
  `p${row.percent}`,
  formatNanos(row.a),
  formatNanos(row.b),
  signedPercent(row.difference),
  intervalText(row),
  row.verdict,
];

const rowOf = (row: ComparedRow, paint: Paint): Row => ({
  cells: rowCells(row),
  paint: verdictPaint(row.verdict, paint),
});

/** What the intervals stand for. */
export function basisSentence({ basis }: Pick<Comparison, "basis">): string {
  switch (basis) {
    case "seconds":
      return "Intervals tell what differs from second to second; what differs each time a run is started they cannot tell: give three runs or more of each side for that.";
    case "runs":
      return "Intervals tell what differs from run to run.";
    default:
      return basis satisfies never;
  }
}

/** For people; no line break at its end. */
export function comparisonText(comparison: Comparison, paint: Paint): string {
  const { a, b, rows, verdict, leftOut } = comparison;
  const table = alignRows(
    [{ cells: rowHeads, paint: paint.dim }, ...rows.map((row) => rowOf(row, paint))],
    "lllrrrrl",
  );
  const differing = comparison.dissimilarities.map(({ what, a: one, b: other }) => ({
    cells: [what, `${one} | ${other}`],
  }));
  return [
    `${verdictPaint(verdict, paint)(verdict)}  A ${a.directories.join(" ")}  B ${b.directories.join(" ")}`,
    ...(differing.length === 0
      ? []
      : [
          "",
          paint.warning("Not the same in both, and may explain differences (A | B)"),
          ...alignRows(differing, "l").map((line) => `  ${line}`),
        ]),
    "",
    ...table,
    "",
    paint.dim(basisSentence(comparison)),
    ...(leftOut.length === 0
      ? []
      : ["", `left out, in one run only or with too few values: ${leftOut.join(", ")}`]),
  ].join("\n");
}
