import {
  type Distribution,
  maximumOf,
  supportedPercentile,
  supportsPercentile,
} from "../../stats/distribution.ts";
import type { Spread } from "./calibration.ts";

/** Of single values, ns: nearest rank. */
export function spreadOf(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (percent: number): number | null =>
    supportsPercentile(sorted.length, percent)
      ? (sorted[Math.ceil((percent / 100) * sorted.length) - 1] as number)
      : null;
  return { count: sorted.length, p50: at(50), p99: at(99), max: sorted.at(-1) ?? null };
}

/** Of a histogram of the engine, ns. */
export const spreadOfDistribution = (distribution: Distribution): Spread => ({
  count: distribution.total,
  p50: supportedPercentile(distribution, 50),
  p99: supportedPercentile(distribution, 99),
  max: distribution.total === 0 ? null : maximumOf(distribution),
});
