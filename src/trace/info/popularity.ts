/** How requests spread over objects. */
export type Popularity = {
  readonly requests: number;
  readonly objects: number;
  /** Share of the objects that are requested exactly once; NaN without objects. */
  readonly once: number;
  /** Ascending [n, share of all requests that the n most requested objects take]. */
  readonly topShares: readonly (readonly [rank: number, share: number])[];
  /** Objects with at least two requests: where the tail of single requests begins. */
  readonly repeated: number;
};

/** 1, 3, 10, 30, ... */
function* ranks(): Generator<number> {
  for (let decade = 1; ; decade *= 10) {
    yield decade;
    yield 3 * decade;
  }
}

/** From the requests of each object, in any order, all above 0; the array is sorted in place. */
export function popularityOf(counts: Uint32Array): Popularity {
  const sorted = counts.sort().reverse();
  let requests = 0;
  for (const count of sorted) requests += count;
  const topShares: [number, number][] = [];
  let sum = 0;
  let place = 0;
  for (const rank of ranks()) {
    if (rank > sorted.length) break;
    while (place < rank) sum += sorted[place++] as number;
    topShares.push([rank, sum / requests]);
  }
  const single = sorted.indexOf(1);
  const repeated = single === -1 ? sorted.length : single;
  return {
    requests,
    objects: sorted.length,
    once: (sorted.length - repeated) / sorted.length,
    topShares,
    repeated,
  };
}
