import { invariant } from "../../core/errors.ts";
import type { Popularity } from "./profile.ts";

// Requests per object by rank, for a table of top shares and a share that is requested once:
//
//   requests
//     |x
//     | x        head: by the table, as far as an object has at least two requests
//     |   x
//     |      xx
//     |         xxxxxxx        twos
//     |                xxxxxxxxxxxxxxxxxxx     ones: the share `once` of all objects
//     +----------------------------------------- rank
//
// Head and tail cannot both come from one law (a Zipf law that fits the one misses the other), and a tail drawn at random
// would have fewer objects that are requested once. So every object's number of requests is planned.

/** Share of the `n` most popular objects; beyond the table's end its last slope goes on. */
function topShare(table: Popularity["topShares"], n: number): number {
  let [lowRank, lowShare] = table[0] ?? [1, 0];
  let slope = 0;
  for (const [rank, share] of table.slice(1)) {
    slope = (share - lowShare) / Math.log(rank / lowRank);
    if (n <= rank) break;
    lowRank = rank;
    lowShare = share;
  }
  return Math.min(1, lowShare + slope * Math.log(n / lowRank));
}

function headOf(requests: number, { topShares }: Popularity): number[] {
  const head: number[] = [];
  // Of what the table leaves to its unknown end, the tail keeps half, however many requests there are.
  const headShareMax = (1 + (topShares.at(-1)?.[1] ?? 0)) / 2;
  let given = 0;
  let last = Number.POSITIVE_INFINITY;
  for (let rank = 1; ; rank++) {
    const share = topShare(topShares, rank);
    // Rounding makes single counts jump; the slope decides where the head ends.
    const slope = (share - (rank === 1 ? 0 : topShare(topShares, rank - 1))) * requests;
    if (slope < 2 || share > headShareMax) return head;
    // Where the table is steeper than at the rank before, the more popular object keeps its place and the following
    // ones take what is left over.
    last = Math.min(last, Math.round(share * requests) - given);
    head.push(last);
    given += last;
  }
}

/** Requests of each object, most popular first; the sum is `requests`. */
export function requestsByRank(requests: number, popularity: Popularity): Uint32Array {
  const head = headOf(requests, popularity);
  const rest = requests - head.reduce((a, b) => a + b, 0);
  // rest = ones + 2 twos, ones = once * objects, objects = head + twos + ones
  const { once } = popularity;
  const objects = (rest + 2 * head.length) / (2 - once);
  const twos = Math.min(
    Math.floor(rest / 2),
    Math.max(0, Math.round(objects * (1 - once)) - head.length),
  );
  const counts = new Uint32Array(head.length + rest - twos).fill(1);
  counts.fill(2, 0, head.length + twos);
  counts.set(head);
  invariant(
    counts.reduce((a, b) => a + b, 0) === requests,
    "planned requests per object add up to the requests",
  );
  return counts;
}
