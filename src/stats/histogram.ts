// Log-linear buckets, numbered as HdrHistogram numbers them (unit 1 ns, three significant digits). `indexOf` runs
// several times per request: a few nanoseconds, no allocation, no branch on the common path but one. Guarded by the
// bench perf/tally-record.
//
//   bucket   values (ns)        width      indices
//   0        0 .. 2047          1          0 .. 2047
//   1        2048 .. 4095       2          2048 .. 3071
//   2        4096 .. 8191       4          3072 .. 4095
//   k        2048*2^(k-1) ..    2^k        1024*k + 1024 .. 1024*k + 2047
//
// so a value with its top 11 bits in `sub` and k bits below them has the index 1024*k + sub, and nothing is known worse
// than to one part in 1024.

const HALF_SHIFT = 10;
const HALF = 1 << HALF_SHIFT;
const SUB_BITS = HALF_SHIFT + 1;
const TWO_32 = 2 ** 32;

/** Values above this (one hour, in ns) are recorded as this and counted as clipped. */
export const HIGHEST_NS = 3.6e12;

/** So many cover `HIGHEST_NS`. */
export const BUCKET_COUNT = 32;

/** Each but the lowest has the upper half of them only: the lower one lies in the bucket below. */
export const SUB_BUCKET_COUNT: number = 2 * HALF;

/** Counters of one histogram. */
export const INDEX_COUNT: number = (BUCKET_COUNT + 1) * HALF;

/** `2 ** -k`: dividing by a power of two is exact, and a table is cheaper than `**`. */
const INVERSE = Float64Array.from({ length: 64 }, (_, exponent) => 2 ** -exponent);

/** Index of the counter for `0 <= ns <= HIGHEST_NS`. Fractions of a nanosecond are cut off. */
export function indexOf(ns: number): number {
  if (ns < TWO_32) {
    const low = ns >>> 0;
    const shift = 32 - SUB_BITS - Math.clz32(low);
    return shift > 0 ? (shift << HALF_SHIFT) + (low >>> shift) : low;
  }
  const shift = 64 - SUB_BITS - Math.clz32((ns / TWO_32) >>> 0);
  return (shift << HALF_SHIFT) + ((ns * (INVERSE[shift] as number)) >>> 0);
}

/** Smallest value, ns, that is counted at `index`. */
export function lowestAt(index: number): number {
  if (index < 2 * HALF) return index;
  const bucket = (index >>> HALF_SHIFT) - 1;
  return (index - (bucket << HALF_SHIFT)) * 2 ** bucket;
}

/** Largest whole value, ns, that is counted at `index`: what HdrHistogram reports for percentiles and the maximum. */
export function highestAt(index: number): number {
  return lowestAt(index + 1) - 1;
}
