import { random } from "../../core/random.ts";
import { type Distribution, supportsPercentile } from "../../stats/distribution.ts";
import { BLOCKS_MIN, blocksOf, middle, percentileIn, redrawn } from "./block-bootstrap.ts";

export const comparedPercentiles = [50, 90, 99] as const;
/** Enough for the ends of intervals that are divided by many rows. */
const DRAWS = 2000;
const SHOWN_SHARE = 0.95;

/** `same`: the difference is smaller than the minimum effect, whatever chance did. */
export type CompareVerdict = "better" | "worse" | "same" | "inconclusive";

/** A percentile of an operation in both runs. Values in ns; differences are shares of A, so 0.1 is 10 % slower. */
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

/** Histograms of each second of both runs, by tag `operation.measure`. */
export type ComparedSeries = {
  readonly tag: string;
  readonly a: readonly Distribution[];
  readonly b: readonly Distribution[];
};

/**
 * Rows for every percentile that both runs support. `minimum` is the smallest difference, as a share, that matters. So that
 * many rows do not find a difference by chance, verdicts use intervals that are wider than those shown: all of them
 * together are wrong about equal runs in one of twenty comparisons (Bonferroni).
 */
export function compareLatencies(
  series: readonly ComparedSeries[],
  { seed, minimum }: { readonly seed: string; readonly minimum: number },
): ComparedRow[] {
  const wanted = series.map((part) => ({ ...part, ...blocked(part) }));
  const rows = wanted.reduce((sum, { percents }) => sum + percents.length, 0);
  const share = 1 - (1 - SHOWN_SHARE) / Math.max(1, rows);
  return wanted.flatMap(({ tag, percents, blocksA, blocksB }) => {
    const drawnA = redrawn(blocksA, { percents, draws: DRAWS, chance: random(`${seed}/${tag}/a`) });
    const drawnB = redrawn(blocksB, { percents, draws: DRAWS, chance: random(`${seed}/${tag}/b`) });
    const enough = Math.min(blocksA.length, blocksB.length) >= BLOCKS_MIN;
    return percents.map((percent, row) => {
      const differences = (drawnB[row] as Float64Array).map(
        (value, draw) => value / (drawnA[row]?.[draw] as number) - 1,
      );
      const a = percentileIn(blocksA, percent);
      const b = percentileIn(blocksB, percent);
      const difference = b / a - 1;
      const [operation = "", measure = ""] = tag.split(".");
      const point = { operation, measure, percent, a, b, difference };
      if (!enough) return { ...point, interval: null, ...tooShort };
      const decided = verdictOf(difference, middle(differences, share), minimum);
      return { ...point, interval: middle(differences, SHOWN_SHARE), ...decided };
    });
  });
}

function blocked({ a, b }: ComparedSeries) {
  const total = (parts: readonly Distribution[]): number =>
    parts.reduce((sum, part) => sum + part.total, 0);
  const fewer = Math.min(total(a), total(b));
  return {
    percents: comparedPercentiles.filter((percent) => supportsPercentile(fewer, percent)),
    blocksA: blocksOf(a),
    blocksB: blocksOf(b),
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
