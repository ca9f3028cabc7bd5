// Sizes of blobs such that sizes per request follow a quantile table although few blobs have most of the requests.
//
// [0, 1) is halved DEPTH times. A blob goes down the tree, at each fork to the half that has had fewer requests (the left
// one if both had as many), and takes the quantile where it arrives. For blobs of equal popularity that is the sequence
// of van der Corput; where one blob outweighs its surroundings, the following ones keep away from it.
//
//             400                 requests so far
//         210     190             the next blob goes right, ...
//       105 105  95  95           ... then left
import { valueAt } from "./draw.ts";
import type { QuantileTable } from "./profile.ts";

const DEPTH = 14;
const LEAVES = 2 ** DEPTH;

/** Bytes of each blob; `requests` by blob, most popular first. */
export function bytesByRank(requests: Uint32Array, table: QuantileTable): Float64Array {
  // Children of node n are 2n and 2n + 1; the leaves begin at LEAVES.
  const weight = new Float64Array(2 * LEAVES);
  return Float64Array.from(requests, (count) => {
    let node = 1;
    while (node < LEAVES) {
      node *= 2;
      if ((weight[node] ?? 0) > (weight[node + 1] ?? 0)) node++;
      weight[node] = (weight[node] ?? 0) + count;
    }
    return Math.max(1, Math.round(valueAt(table, (node - LEAVES + 0.5) / LEAVES)));
  });
}
