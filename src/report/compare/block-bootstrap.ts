// How far a percentile may be off by chance, from the course of a run: seconds are drawn again in blocks, so that what lasts
// longer than a second (a stall, a warm cache) is drawn as a whole. Source: Künsch 1989, blocks that do not overlap.
import type { Random } from "../../core/random.ts";
import { type Distribution, mergeDistributions } from "../../stats/distribution.ts";
import { highestAt } from "../../stats/histogram.ts";
import { studentT } from "./student-t.ts";

/** Fewer blocks tell nothing about chance. */
export const BLOCKS_MIN = 5;

/** Neighbouring intervals merged: the cube root of their number makes a block. */
export const blocksOf = (intervals: readonly Distribution[]): Distribution[] =>
  neighbours(intervals).map((block) => mergeDistributions(block));

/** In blocks as long as above. */
export function neighbours<Item>(items: readonly Item[]): (readonly Item[])[] {
  const length = Math.max(1, Math.round(Math.cbrt(items.length)));
  const blocks: (readonly Item[])[] = [];
  for (let at = 0; at < items.length; at += length) blocks.push(items.slice(at, at + length));
  return blocks;
}

/** Values in ns of each percentile in each of `draws` runs that might as well have been; a row per percentile. */
export function redrawn(
  blocks: readonly Distribution[],
  { percents, draws, chance }: { percents: readonly number[]; draws: number; chance: Random },
): Float64Array[] {
  const indices = mergeDistributions(blocks).indices;
  const placeOf = new Map(indices.map((index, place) => [index, place]));
  const places = blocks.map((block) =>
    Int32Array.from(block.indices, (index) => placeOf.get(index) as number),
  );
  const counts = new Float64Array(indices.length);
  const rows = percents.map(() => new Float64Array(draws));
  for (let draw = 0; draw < draws; draw++) {
    counts.fill(0);
    for (let i = 0; i < blocks.length; i++) {
      const drawn = chance.integer(blocks.length);
      addAt(counts, places[drawn] as Int32Array, (blocks[drawn] as Distribution).counts);
    }
    percents.forEach((percent, row) => {
      (rows[row] as Float64Array)[draw] = percentileOf(counts, indices, percent);
    });
  }
  return rows;
}

function addAt(sum: Float64Array, places: Int32Array, counts: readonly number[]): void {
  for (let i = 0; i < places.length; i++) {
    const place = places[i] as number;
    sum[place] = (sum[place] as number) + (counts[i] as number);
  }
}

function percentileOf(counts: Float64Array, indices: readonly number[], percent: number): number {
  let total = 0;
  for (const count of counts) total += count;
  const wanted = Math.max(1, Math.ceil((percent / 100) * total - 1e-9));
  let seen = 0;
  for (let place = 0; place < counts.length; place++) {
    seen += counts[place] as number;
    if (seen >= wanted) return highestAt(indices[place] as number);
  }
  return Number.NaN;
}

/** Degrees of freedom at which Student's t is as good as normal. */
const ENDLESS = 1e6;

/**
 * The middle `share` of differences that were drawn from so many blocks, `difference` being what it was. A few blocks drawn again and
 * again show too little of what chance can do: the interval is widened as Student's t is wider than the normal distribution, on
 * logarithms of B / A, for no difference is below -1.
 */
export function drawnInterval(
  drawn: Float64Array,
  { difference, blocks, share }: { difference: number; blocks: number; share: number },
): readonly [low: number, high: number] {
  const [low, high] = middle(drawn, share);
  const wider =
    (studentT(share, blocks - 1) / studentT(share, ENDLESS)) * Math.sqrt(blocks / (blocks - 1));
  const at = Math.log1p(difference);
  const widened = (end: number): number => Math.expm1(at + wider * (Math.log1p(end) - at));
  return [Math.min(low, widened(low)), Math.max(high, widened(high))];
}

/** The middle `share` of the values. */
function middle(values: Float64Array, share: number): readonly [low: number, high: number] {
  const sorted = values.toSorted();
  const at = (part: number): number =>
    sorted[Math.min(sorted.length - 1, Math.max(0, Math.round(part * (sorted.length - 1))))] ??
    Number.NaN;
  return [at((1 - share) / 2), at((1 + share) / 2)];
}
