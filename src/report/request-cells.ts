import type { RequestFigures } from "../stats/figures.ts";
import { formatBytes, formatCount, formatRate, formatShare } from "./number-format.ts";
import { activeSeconds, onTimeShare, overall, type RunFigures, rateOver } from "./run-figures.ts";

/** Heads of the columns below, behind that of the operation. */
export const requestHeads = ["done", "failed", "on time", "bytes", "rate", "throughput"] as const;

/** Counts, bytes and rates of each operation and, where there are several, of all. */
export function requestCells(figures: RunFigures): string[][] {
  const { totals } = figures;
  const seconds = activeSeconds(figures);
  const rows = totals.classes.map((part) => cellsOf(part.operation, part, seconds));
  if (rows.length > 1) rows.push(cellsOf("all", overall(totals), seconds));
  return rows;
}

function cellsOf(operation: string, figures: RequestFigures, seconds: number): string[] {
  const bytes = figures.bytesIn + figures.bytesOut;
  return [
    operation,
    formatCount(figures.done),
    formatCount(figures.failed),
    formatShare(onTimeShare(figures)),
    formatBytes(bytes),
    formatRate(rateOver(figures.done, seconds)),
    `${formatBytes(rateOver(bytes, seconds))}/s`,
  ];
}
