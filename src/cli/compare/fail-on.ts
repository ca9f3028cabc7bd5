// `--fail-on 'p99 > +10%'`, `--fail-on 'get-blob.p50 > +5%'`: a difference that fails the comparison.
import { UsageError } from "../../core/errors.ts";
import { operationClasses } from "../../core/operation.ts";
import { type ComparedRow, comparedPercentiles } from "../../report/compare/compare-latencies.ts";
import { hint } from "../suggestion.ts";

export type FailOn = {
  readonly text: string;
  /** Null: any operation. */
  readonly operation: string | null;
  readonly percent: number;
  /** A share of A. */
  readonly above: number;
};

const form = /^\s*(?:([a-z-]+)\.)?p(\d+(?:\.\d+)?)\s*>\s*\+?(\d+(?:\.\d+)?)%\s*$/;

/** Throws UsageError. */
export function parseFailOn(text: string): FailOn {
  const match = form.exec(text);
  if (match === null)
    throw new UsageError(`--fail-on "${text}": write such as 'p99 > +10%' or 'get-blob.p50 > +5%'`);
  const [, operation, percent, above] = match;
  const known: readonly string[] = operationClasses;
  if (operation !== undefined && !known.includes(operation))
    throw new UsageError(
      `--fail-on "${text}": unknown operation "${operation}"${hint(operation, known)}`,
    );
  const names = comparedPercentiles.map((compared) => `p${compared}`);
  if (!names.includes(`p${Number(percent)}`))
    throw new UsageError(`--fail-on "${text}": p${percent} is not compared${hint("", names)}`);
  return {
    text: text.trim(),
    operation: operation ?? null,
    percent: Number(percent),
    above: Number(above) / 100,
  };
}

/** Rows that are over the limit, and not by chance alone: their interval lies above zero. */
export const regressions = (rows: readonly ComparedRow[], limit: FailOn): ComparedRow[] =>
  rows.filter(
    ({ operation, percent, difference, interval }) =>
      (limit.operation === null || limit.operation === operation) &&
      limit.percent === percent &&
      difference > limit.above &&
      interval !== null &&
      interval[0] > 0,
  );
