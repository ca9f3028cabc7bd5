// Buckets of published histograms. Each bound is the highest value of one of our own buckets (stats/histogram.ts), so that every
// count is exact; it lies next to a round number:
//
//   1 us .. 100 us    1, 2, 5 in each decade
//   100 us .. 10 s    1, 1.5, 2, 3, 5, 7
//   10 s .. 100 s     1, 2, 5, and the end
import type { Distribution } from "../../stats/distribution.ts";
import { highestAt, indexOf } from "../../stats/histogram.ts";

const COARSE = [1, 2, 5];
const FINE = [1, 1.5, 2, 3, 5, 7];

const roundNs: readonly number[] = [
  ...[1e3, 1e4].flatMap((decade) => COARSE.map((step) => step * decade)),
  ...[1e5, 1e6, 1e7, 1e8, 1e9].flatMap((decade) => FINE.map((step) => step * decade)),
  ...COARSE.map((step) => step * 1e10),
  1e11,
];

const boundIndices: readonly number[] = roundNs.map(indexOf);

/** Upper bounds in seconds, inclusive, ascending. What is above the last one has no bound. */
export const bucketBounds: readonly number[] = boundIndices.map((index) => highestAt(index) / 1e9);

/** How many values each bucket has: one count more than there are bounds. */
export function bucketCounts({ indices, counts }: Distribution): number[] {
  const buckets = new Array<number>(boundIndices.length + 1).fill(0);
  let bucket = 0;
  for (let i = 0; i < indices.length; i++) {
    const index = indices[i] as number;
    while (bucket < boundIndices.length && index > (boundIndices[bucket] as number)) bucket++;
    buckets[bucket] = (buckets[bucket] as number) + (counts[i] as number);
  }
  return buckets;
}
