// Values drawn at random, and values of tables. Only +, -, *, /, sqrt, log and exp are used: V8 computes these alike on
// every machine, so that equal seeds give equal traces everywhere.
import type { Random } from "../../core/random.ts";
import type { QuantileTable } from "./profile.ts";

/** The value below which the share `u` of the values lies. */
export function valueAt(table: QuantileTable, u: number): number {
  let [lowShare, lowValue] = table[0] ?? [0, 0];
  for (const [share, value] of table) {
    if (u <= share) {
      if (share === lowShare) return value;
      const part = (u - lowShare) / (share - lowShare);
      return lowValue * Math.exp(part * Math.log(value / lowValue));
    }
    lowShare = share;
    lowValue = value;
  }
  return lowValue;
}

/** Exponential with mean 1. */
export const exponential = (chance: Random): number => -Math.log(1 - chance.next());

/** Standard normal, by the polar method. */
function normal(chance: Random): number {
  for (;;) {
    const x = 2 * chance.next() - 1;
    const y = 2 * chance.next() - 1;
    const square = x * x + y * y;
    if (square > 0 && square < 1) return x * Math.sqrt((-2 * Math.log(square)) / square);
  }
}

export const logNormal = (chance: Random, median: number, sigma: number): number =>
  median * Math.exp(sigma * normal(chance));

/** One of the two whole numbers around `value`, so that the mean is `value`. */
export const roundedAtRandom = (chance: Random, value: number): number =>
  Math.floor(value + chance.next());

const GOLDEN = 0.618_033_988_749_894_9;

/** Member `n` of a sequence whose every stretch covers [0, 1) evenly. */
export function evenly(n: number, offset: number): number {
  const value = n * GOLDEN + offset;
  return value - Math.floor(value);
}
