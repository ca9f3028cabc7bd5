import { formatCount, formatNanos, formatRate } from "../number-format.ts";
import type { ThresholdResult } from "./threshold.ts";

/** `ok` or `missed`, the threshold, its actual value, and the note. */
export const thresholdCells = (result: ThresholdResult): string[] => [
  result.passed ? "ok" : "missed",
  result.text,
  formatActual(result),
  result.note ?? "",
];

function formatActual({ actual, unit }: ThresholdResult): string {
  if (actual === null) return "-";
  switch (unit) {
    case "ns":
      return formatNanos(actual);
    // Not rounded to whole tenths as shares elsewhere: 0.05% must not look like 0.1%.
    case "share":
      return `${Number((actual * 100).toPrecision(4))}%`;
    case "count":
      return formatCount(actual);
    case "per-second":
      return formatRate(actual);
    default:
      return unit satisfies never;
  }
}
