// Two pull tests beside each other, step by step: the same phase, step and number of pullers on both sides.
import type { StepFigures } from "../../pull/step-record.ts";
import { formatNanos, formatRate } from "../../report/number-format.ts";
import { alignRows, type Paint } from "../../report/text-table.ts";

/** Times in ns; null where a step has too few pulls to tell. A change is a share of A: 0.1 = a tenth more. */
type Compared = {
  readonly a: number | null;
  readonly b: number | null;
  readonly change: number | null;
};

type ComparedStep = {
  readonly phase: string;
  readonly step: number;
  readonly level: number;
  readonly pullsPerSecond: Compared;
  readonly pullP50: Compared;
  readonly pullP99: Compared;
  readonly ttfbP50: Compared;
  readonly failed: { readonly a: number; readonly b: number };
};

export type RampComparison = {
  readonly steps: readonly ComparedStep[];
  /** What stands in the way of comparing them, a sentence each. */
  readonly warnings: readonly string[];
};

const compared = (a: number | null, b: number | null): Compared => ({
  a,
  b,
  change: a === null || b === null || a === 0 ? null : b / a - 1,
});

const placeOf = ({ phase, step, level }: StepFigures): string => `${phase} ${step} ${level}`;

/** Steps that only one of them has are named and left out. */
export function compareRamps(a: readonly StepFigures[], b: readonly StepFigures[]): RampComparison {
  const others = new Map(b.map((step) => [placeOf(step), step]));
  const steps = a.flatMap((one): ComparedStep[] => {
    const other = others.get(placeOf(one));
    return other === undefined ? [] : [comparedStep(one, other)];
  });
  const alone = a.length + b.length - 2 * steps.length;
  const flagged = [...a, ...b].some(({ flags }) => flags.includes("C"));
  return {
    steps,
    warnings: [
      ...(alone === 0 ? [] : [`${alone} steps have no counterpart: the schedules differ`]),
      ...(flagged ? ["a step is client-limited: the server may be faster than shown"] : []),
    ],
  };
}

const comparedStep = (a: StepFigures, b: StepFigures): ComparedStep => ({
  phase: a.phase,
  step: a.step,
  level: a.level,
  pullsPerSecond: compared(a.pullsPerSecond, b.pullsPerSecond),
  pullP50: compared(a.pullP50, b.pullP50),
  pullP99: compared(a.pullP99, b.pullP99),
  ttfbP50: compared(a.ttfbP50, b.ttfbP50),
  failed: { a: a.failed, b: b.failed },
});

const head = [
  ...["phase", "step", "pullers", "pulls/s A", "B", "change", "p50 A", "B", "change"],
  ...["p99 A", "B", "change", "first byte p50 A", "B", "change", "failed A", "B"],
];

const percent = (change: number | null): string =>
  change === null ? "-" : `${change >= 0 ? "+" : "-"}${Math.abs(change * 100).toFixed(1)}%`;

export function rampComparisonText({ steps, warnings }: RampComparison, paint: Paint): string {
  const cells = (value: Compared, format: (value: number | null) => string): string[] => [
    format(value.a),
    format(value.b),
    percent(value.change),
  ];
  const rows = steps.map((one) => ({
    cells: [
      ...[one.phase, String(one.step), String(one.level)],
      ...cells(one.pullsPerSecond, formatRate),
      ...cells(one.pullP50, formatNanos),
      ...cells(one.pullP99, formatNanos),
      ...cells(one.ttfbP50, formatNanos),
      ...[String(one.failed.a), String(one.failed.b)],
    ],
  }));
  return [
    ...warnings.map((line) => `${paint.warning("note")}  ${line}`),
    ...alignRows([{ cells: head, paint: paint.dim }, ...rows], "lr"),
    "differences without intervals: to see what chance does, run each side several times",
  ].join("\n");
}
