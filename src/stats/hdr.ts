// Distributions as HdrHistogram V2 (compressed, base64), which any HdrHistogram tool reads: unit 1 ns, three digits.
import {
  decodeFromCompressedBase64,
  encodeIntoCompressedBase64,
  Float64Histogram,
} from "hdr-histogram-js";
import { DrayageError, messageOf } from "../core/errors.ts";
import type { Distribution } from "./distribution.ts";
import { HIGHEST_NS, INDEX_COUNT } from "./histogram.ts";

const DIGITS = 3;

const newHdr = (): Float64Histogram => new Float64Histogram(1, HIGHEST_NS, DIGITS);

/** The same counts in the same places. */
export const toHdr = (distribution: Distribution): Float64Histogram => fill(newHdr(), distribution);

/** For what is written each second: a new histogram each time is 264 KiB of garbage. */
let lent: Float64Histogram | undefined;

/** The same, good until the next one is lent: for whoever writes it at once. */
export function lendHdr(distribution: Distribution): Float64Histogram {
  lent ??= newHdr();
  lent.reset();
  return fill(lent, distribution);
}

function fill(histogram: Float64Histogram, { indices, counts }: Distribution): Float64Histogram {
  indices.forEach((index, i) => {
    histogram.setCountAtIndex(index, counts[i] as number);
  });
  // Nothing is above the last of them: most of the 33,792 counters need not be looked at.
  histogram.establishInternalTackingValues((indices.at(-1) ?? -1) + 1);
  return histogram;
}

/** Takes some 0.3 ms. */
export const encodeHdr = (distribution: Distribution): string =>
  encodeIntoCompressedBase64(lendHdr(distribution));

/**
 * Back from `encodeHdr`. The format has no sum: what the buckets' middles give stands in for it unless `sum`, in ns, is
 * known from elsewhere. Throws DrayageError `protocol` for anything that is not such a histogram.
 */
export function decodeHdr(base64: string, sum?: number): Distribution {
  const histogram = decoded(base64);
  const indices: number[] = [];
  const counts: number[] = [];
  for (let index = 0; index < INDEX_COUNT; index++) {
    const count = histogram.getCountAtIndex(index);
    if (count === 0) continue;
    indices.push(index);
    counts.push(count);
  }
  const total = histogram.totalCount;
  return { indices, counts, total, sum: sum ?? histogram.mean * total };
}

function decoded(base64: string): Float64Histogram {
  try {
    const histogram = decodeFromCompressedBase64(base64, 64);
    if (histogram instanceof Float64Histogram && histogram.countsArrayLength === INDEX_COUNT) {
      return histogram;
    }
  } catch (error) {
    throw new DrayageError("protocol", `not a histogram: ${messageOf(error)}`, { cause: error });
  }
  throw new DrayageError("protocol", "not a histogram of nanoseconds up to an hour");
}
