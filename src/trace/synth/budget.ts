import type { SynthProfile } from "./profile.ts";

/** How many records of each sort a trace holds; their sum is the number of records. */
export type Budget = {
  readonly pings: number;
  readonly blobGets: number;
  readonly manifestGets: number;
  readonly layerHeads: number;
  readonly manifestHeads: number;
  /** POST 202, PATCH, PUT of one layer: as many of each. */
  readonly uploads: number;
  /** POST 201. */
  readonly mounts: number;
  /** PATCHes of a layer beyond the first. */
  readonly chunks: number;
  readonly manifestPuts: number;
};

/** Splits `total` by weight into whole numbers that add up: the largest remainders are rounded up. */
function split(total: number, weights: readonly number[]): number[] {
  const sum = weights.reduce((a, b) => a + b, 0);
  const shares = weights.map((weight) => (total * weight) / sum);
  const counts = shares.map(Math.floor);
  let rest = total - counts.reduce((a, b) => a + b, 0);
  const byRemainder = shares
    .map((share, at) => ({ at, remainder: share - Math.floor(share) }))
    .sort((a, b) => b.remainder - a.remainder || a.at - b.at);
  for (const { at } of byRemainder) {
    if (rest-- <= 0) break;
    counts[at] = (counts[at] ?? 0) + 1;
  }
  return counts;
}

/**
 * A layer needs a POST, a PATCH and a PUT. What one method has beyond the others are mounts (POST), chunks (PATCH) and
 * manifests (PUT); in the archive every PATCH is a layer.
 */
export function budgetOf(records: number, profile: SynthProfile): Budget {
  const { GET, HEAD, PUT, POST, PATCH } = profile.methods;
  const [gets = 0, heads = 0, puts = 0, posts = 0, patches = 0] = split(records, [
    GET,
    HEAD,
    PUT,
    POST,
    PATCH,
  ]);
  const { ping, blob, manifest } = profile.getKinds;
  const [pings = 0, blobGets = 0, manifestGets = 0] = split(gets, [ping, blob, manifest]);
  const uploads = Math.min(puts, posts, patches);
  const pushes = puts + posts + patches > 0;
  const layerHeads = pushes ? Math.round(heads * profile.headsOfLayers) : 0;
  return {
    pings,
    blobGets,
    manifestGets,
    layerHeads,
    manifestHeads: heads - layerHeads,
    uploads,
    mounts: posts - uploads,
    chunks: patches - uploads,
    manifestPuts: puts - uploads,
  };
}
