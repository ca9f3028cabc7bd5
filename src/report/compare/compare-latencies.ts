import { random } from "../../core/random.ts";
import {
  type Distribution,
  mergeDistributions,
  supportsPercentile,
  valueAtPercentile,
} from "../../stats/distribution.ts";
import { BLOCKS_MIN, blocksOf, middle, redrawn } from "./block-bootstrap.ts";
import { RUNS_MIN, spreadInterval, spreadOf } from "./run-spread.ts";

export const comparedPercentiles = [50, 90, 99] as const;
/** Enough for the ends of intervals that are divided by many rows. */
const DRAWS = 2000;
const SHOWN_SHARE = 0.95;

/** `same`: the difference is smaller than the minimum effect, whatever chance did. */
export type CompareVerdict = "better" | "worse" | "same" | "inconclusive";

/** A percentile of an operation on both sides. Values in ns; differences are shares of A, so 0.1 is 10 % slower. */
export type ComparedRow = {
  readonly operation: string;
  readonly measure: string;
  readonly percent: number;
  readonly a: number;
  readonly b: number;
  readonly difference: number;
  /** The difference's 95 % interval; null where the runs are too short for one. */
  readonly interval: readonly [low: number, high: number] | null;
  readonly verdict: CompareVerdict;
  /** Why it is inconclusive; null otherwise. */
  readonly note: string | null;
};

/** Histograms of each second of each run of both sides, by tag `operation.measure`. */
export type ComparedSeries = {
  readonly tag: string;
  readonly a: readonly (readonly Distribution[])[];
  readonly b: readonly (readonly Distribution[])[];
};

/** What intervals follow from: what differs from second to second within the runs, or from run to run. */
export type CompareBasis = "seconds" | "runs";

export const basisOf = ({ a, b }: Pick<ComparedSeries, "a" | "b">): CompareBasis =>
  Math.min(a.length, b.length) >= RUNS_MIN ? "runs" : "seconds";

type Wanted = {
  readonly tag: string;
  readonly percents: readonly number[];
  readonly a: readonly Distribution[];
  readonly b: readonly Distribution[];
  /** Middle `share` of the differences that chance might have made of the runs; null where nobody can tell. */
  readonly interval: (percent: number, share: number) => readonly [number, number] | null;
};

/**
 * Rows for every percentile that both sides support. `minimum` is the smallest difference, as a share, that matters. So that
 * many rows do not find a difference by chance, verdicts use intervals that are wider than those shown: all of them
 * together are wrong about equal runs in one of twenty comparisons (Bonferroni).
 */
export function compareLatencies(
  series: readonly ComparedSeries[],
  { seed, minimum }: { readonly seed: string; readonly minimum: number },
): ComparedRow[] {
  const wanted = series.map((part) => wantedOf(part, seed));
  const rows = wanted.reduce((sum, { percents }) => sum + percents.length, 0);
  const share = 1 - (1 - SHOWN_SHARE) / Math.max(1, rows);
  return wanted.flatMap(({ tag, percents, a: ofA, b: ofB, interval: intervalOf }) =>
    percents.map((percent) => {
      const [a, b] = [ofA, ofB].map((runs) => valueAtPercentile(mergeDistributions(runs), percent));
      const difference = (b as number) / (a as number) - 1;
      const [operation = "", measure = ""] = tag.split(".");
      const point = { operation, measure, percent, a: a as number, b: b as number, difference };
      const decisive = intervalOf(percent, share);
      if (decisive === null) return { ...point, interval: null, ...tooShort };
      const interval = intervalOf(percent, SHOWN_SHARE);
      return { ...point, interval, ...verdictOf(difference, decisive, minimum) };
    }),
  );
}

function wantedOf(part: ComparedSeries, seed: string): Wanted {
  const [a, b] = [part.a, part.b].map((runs) => runs.map((run) => mergeDistributions(run)));
  const sides = { a: a as Distribution[], b: b as Distribution[] };
  const total = (runs: readonly Distribution[]): number =>
    runs.reduce((sum, run) => sum + run.total, 0);
  const fewer = Math.min(total(sides.a), total(sides.b));
  const percents = comparedPercentiles.filter((percent) => supportsPercentile(fewer, percent));
  const interval =
    basisOf(part) === "runs" ? betweenRuns(sides) : betweenSeconds(part, percents, seed);
  return { tag: part.tag, percents, ...sides, interval };
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
): Wanted["interval"] {
  // Blocks do not cross the border between two runs.
  const blocks = { a: a.flatMap(blocksOf), b: b.flatMap(blocksOf) };
  if (Math.min(blocks.a.length, blocks.b.length) < BLOCKS_MIN) return () => null;
  const [drawnA, drawnB] = (["a", "b"] as const).map((side) =>
    redrawn(blocks[side], { percents, draws: DRAWS, chance: random(`${seed}/${tag}/${side}`) }),
  );
  return (percent, share) => {
    const row = percents.indexOf(percent);
    const before = drawnA?.[row] as Float64Array;
    const after = drawnB?.[row] as Float64Array;
    return middle(
      after.map((value, draw) => value / (before[draw] as number) - 1),
      share,
    );
  };
}

const tooShort = {
  verdict: "inconclusive",
  note: "the runs are too short to tell chance from difference",
} as const;

function verdictOf(
  difference: number,
  [low, high]: readonly [number, number],
  minimum: number,
): Pick<ComparedRow, "verdict" | "note"> {
  if (low > 0 && difference >= minimum) return { verdict: "worse", note: null };
  if (high < 0 && difference <= -minimum) return { verdict: "better", note: null };
  if (low > -minimum && high < minimum) return { verdict: "same", note: null };
  return {
    verdict: "inconclusive",
    note: "the interval holds both no difference and one that matters",
  };
}

const order: readonly CompareVerdict[] = ["worse", "better", "inconclusive", "same"];

/** Of rows taken together: the first of the order above that occurs; without rows nothing is known. */
export const worstVerdict = (rows: readonly Pick<ComparedRow, "verdict">[]): CompareVerdict =>
  order.find((verdict) => rows.some((row) => row.verdict === verdict)) ?? "inconclusive";
