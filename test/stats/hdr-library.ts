import { Float64Histogram } from "hdr-histogram-js";
import type { Distribution } from "../../src/stats/distribution.ts";
import { HIGHEST_NS } from "../../src/stats/histogram.ts";

/** The same counts in the same places of the library's own histogram. */
export function toHdr({ indices, counts }: Distribution): Float64Histogram {
  const histogram = new Float64Histogram(1, HIGHEST_NS, 3);
  indices.forEach((index, i) => {
    histogram.setCountAtIndex(index, counts[i] as number);
  });
  histogram.establishInternalTackingValues((indices.at(-1) ?? -1) + 1);
  return histogram;
}
