// From the figures of two sides, and how far chance may have moved each, to a verdict on every one of them.

export type CompareVerdict = "better" | "worse" | "same" | "inconclusive";

/** A figure of both sides. */
export type Estimate = {
  readonly a: number;
  readonly b: number;
  /** Middle `share` of the differences that chance might have made of the runs; null where nobody can tell. */
  readonly interval: (share: number) => readonly [number, number] | null;
  /** The more the better: a rate. Otherwise a time, of which less is. */
  readonly isRate?: boolean;
};

/** Differences are shares of A, so 0.1 is a tenth more. `same`: smaller than the minimum effect, whatever chance did. */
export type Judged = {
  readonly difference: number;
  /** The difference's 95 % interval; null where the runs are too short for one. */
  readonly interval: readonly [low: number, high: number] | null;
  readonly verdict: CompareVerdict;
  /** Why it is inconclusive; null otherwise. */
  readonly note: string | null;
};

const SHOWN_SHARE = 0.95;

/**
 * One for each. `minimum` is the smallest difference, as a share, that matters. So that many figures do not find a difference by
 * chance, verdicts use intervals that are wider than those shown: all of them together are wrong about equal runs in one of
 * twenty comparisons (Bonferroni).
 */
export function judged(estimates: readonly Estimate[], minimum: number): Judged[] {
  const share = 1 - (1 - SHOWN_SHARE) / Math.max(1, estimates.length);
  return estimates.map(({ a, b, interval: intervalOf, isRate = false }) => {
    const difference = b / a - 1;
    const decisive = intervalOf(share);
    if (decisive === null) return { difference, interval: null, ...tooShort };
    const [low, high] = decisive;
    const loss = isRate ? -difference : difference;
    const verdict = verdictOf(loss, isRate ? [-high, -low] : [low, high], minimum);
    return { difference, interval: intervalOf(SHOWN_SHARE), ...verdict };
  });
}

const tooShort = {
  verdict: "inconclusive",
  note: "the runs are too short to tell chance from difference",
} as const;

/** Of a loss: more is worse. */
function verdictOf(
  loss: number,
  [low, high]: readonly [number, number],
  minimum: number,
): Pick<Judged, "verdict" | "note"> {
  if (low > 0 && loss >= minimum) return { verdict: "worse", note: null };
  if (high < 0 && loss <= -minimum) return { verdict: "better", note: null };
  if (low > -minimum && high < minimum) return { verdict: "same", note: null };
  return {
    verdict: "inconclusive",
    note: "the interval holds both no difference and one that matters",
  };
}

const order: readonly CompareVerdict[] = ["worse", "better", "inconclusive", "same"];

/** Of rows taken together: the first of the order above that occurs; without rows nothing is known. */
export const worstVerdict = (rows: readonly Pick<Judged, "verdict">[]): CompareVerdict =>
  order.find((verdict) => rows.some((row) => row.verdict === verdict)) ?? "inconclusive";
