import { random } from "../../core/random.ts";
import {
  type Distribution,
  mergeDistributions,
  supportsPercentile,
  valueAtPercentile,
} from "../../stats/distribution.ts";
import { BLOCKS_MIN, blocksOf, drawnInterval, redrawn } from "./block-bootstrap.ts";
import { type Estimate, type Judged, judged } from "./judgement.ts";
import { RUNS_MIN, spreadInterval, spreadOf } from "./run-spread.ts";

export const comparedPercentiles = [50, 90, 99] as const;
/** Enough for the ends of intervals that are divided by many rows. */
export const DRAWS = 2000;

/** A percentile of an operation on both sides. Values in ns. */
export type ComparedRow = Judged & {
  readonly operation: string;
  readonly measure: string;
  readonly percent: number;
  readonly a: number;
  readonly b: number;
};

/** Histograms of each second of each run of both sides, by tag `operation.measure`. */
export type ComparedSeries = {
  readonly tag: string;
  readonly a: readonly (readonly Distribution[])[];
  readonly b: readonly (readonly Distribution[])[];
};

/** What intervals follow from: what differs from second to second within the runs, or from run to run. */
export type CompareBasis = "seconds" | "runs";

export const basisOf = ({
  a,
  b,
}: {
  readonly a: readonly unknown[];
  readonly b: readonly unknown[];
}): CompareBasis => (Math.min(a.length, b.length) >= RUNS_MIN ? "runs" : "seconds");

type Percentile = Estimate & { readonly percent: number };

export type CompareOptions = {
  readonly seed: string;
  /** The smallest difference, as a share, that matters. */
  readonly minimum: number;
  /** Called before each operation, with how many are through. */
  readonly compared?: ((done: number, total: number) => void) | undefined;
};

/** Rows for every percentile that both sides support. */
export function compareLatencies(
  series: readonly ComparedSeries[],
  { seed, minimum, compared }: CompareOptions,
): ComparedRow[] {
  const estimates = series.flatMap((part, at) => {
    compared?.(at, series.length);
    const [operation = "", measure = ""] = part.tag.split(".");
    return percentilesOf(part, { seed, percents: comparedPercentiles }).map((estimate) => ({
      ...{ operation, measure },
      ...estimate,
    }));
  });
  const verdicts = judged(estimates, minimum);
  return estimates.map(({ operation, measure, percent, a, b }, row) => ({
    ...{ operation, measure, percent, a, b },
    ...(verdicts[row] as Judged),
  }));
}

/** Those of the percentiles that both sides support. */
export function percentilesOf(
  part: ComparedSeries,
  { seed, percents }: { readonly seed: string; readonly percents: readonly number[] },
): Percentile[] {
  const [a = [], b = []] = [part.a, part.b].map((runs) =>
    runs.map((run) => mergeDistributions(run)),
  );
  const whole = { a: mergeDistributions(a), b: mergeDistributions(b) };
  const fewer = Math.min(whole.a.total, whole.b.total);
  const supported = percents.filter((percent) => supportsPercentile(fewer, percent));
  const interval =
    basisOf(part) === "runs" ? betweenRuns({ a, b }) : betweenSeconds(part, supported, seed);
  return supported.map((percent) => ({
    percent,
    a: valueAtPercentile(whole.a, percent),
    b: valueAtPercentile(whole.b, percent),
    interval: (share) => interval(percent, share),
  }));
}

const betweenRuns =
  ({ a, b }: { readonly a: readonly Distribution[]; readonly b: readonly Distribution[] }) =>
  (percent: number, share: number): readonly [number, number] => {
    const at = (runs: readonly Distribution[]): number =>
      valueAtPercentile(mergeDistributions(runs), percent);
    const spreads = { a: spreadOf(a, percent), b: spreadOf(b, percent), share };
    return spreadInterval(at(b) / at(a) - 1, spreads);
  };

function betweenSeconds(
  { tag, a, b }: ComparedSeries,
  percents: readonly number[],
  seed: string,
): (percent: number, share: number) => readonly [number, number] | null {
  // Blocks do not cross the border between two runs.
  const blocks = { a: a.flatMap(blocksOf), b: b.flatMap(blocksOf) };
  const fewer = Math.min(blocks.a.length, blocks.b.length);
  if (fewer < BLOCKS_MIN) return () => null;
  const whole = { a: mergeDistributions(blocks.a), b: mergeDistributions(blocks.b) };
  const differenceAt = (percent: number): number =>
    valueAtPercentile(whole.b, percent) / valueAtPercentile(whole.a, percent) - 1;
  const [drawnA, drawnB] = (["a", "b"] as const).map((side) =>
    redrawn(blocks[side], { percents, draws: DRAWS, chance: random(`${seed}/${tag}/${side}`) }),
  );
  return (percent, share) => {
    const row = percents.indexOf(percent);
    const before = drawnA?.[row] as Float64Array;
    const after = drawnB?.[row] as Float64Array;
    const drawn = after.map((value, draw) => value / (before[draw] as number) - 1);
    return drawnInterval(drawn, { difference: differenceAt(percent), blocks: fewer, share });
  };
}
