// How far a percentile may be off by what differs from run to run: caches, placement, neighbours. Seconds of one run cannot tell
// that; several runs of the same thing can. Percentiles are never averaged: each time one run is left out, the histograms of the
// others are added up, and their percentile shows what that run made of it (jackknife over runs; source: Efron and Tibshirani,
// An Introduction to the Bootstrap, chapter 11).
import {
  type Distribution,
  mergeDistributions,
  valueAtPercentile,
} from "../../stats/distribution.ts";
import { studentT } from "./student-t.ts";

/** Fewer runs tell too little about their spread. */
export const RUNS_MIN = 3;

/** Variance of a figure's logarithm, and its degrees of freedom. */
type Spread = { readonly variance: number; readonly freedom: number };

export function spreadOf(runs: readonly Distribution[], percent: number): Spread {
  return jackknifeSpread(runs, (others) =>
    Math.max(1, valueAtPercentile(mergeDistributions(others), percent)),
  );
}

/** Of the logarithm of any figure above zero that follows from several runs. */
export function jackknifeSpread<Run>(
  runs: readonly Run[],
  figureOf: (others: readonly Run[]) => number,
): Spread {
  const logs = runs.map((_, left) => Math.log(figureOf(runs.filter((__, run) => run !== left))));
  const mean = logs.reduce((sum, log) => sum + log, 0) / logs.length;
  const squares = logs.reduce((sum, log) => sum + (log - mean) ** 2, 0);
  return { variance: ((logs.length - 1) / logs.length) * squares, freedom: logs.length - 1 };
}

/** The middle `share` of what B / A - 1 may be, `difference` being what it was. Welch's degrees of freedom. */
export function spreadInterval(
  difference: number,
  { a, b, share }: { readonly a: Spread; readonly b: Spread; readonly share: number },
): readonly [low: number, high: number] {
  const variance = a.variance + b.variance;
  if (variance === 0) return [difference, difference];
  const freedom = variance ** 2 / (a.variance ** 2 / a.freedom + b.variance ** 2 / b.freedom);
  const reach = studentT(share, freedom) * Math.sqrt(variance);
  const at = Math.log1p(difference);
  return [Math.expm1(at - reach), Math.expm1(at + reach)];
}
