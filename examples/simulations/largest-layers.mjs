// A simulation of your own: how much of the traffic would a cache spare that keeps every layer below some size for ever?
//
//   drayage simulate -i config.yaml --set simulate.name=largest-layers.mjs --set 'simulate.args={limit: 10000000}'
//
// Requests come one by one, so the trace may be larger than memory; what this keeps is a set of distinct layers.

/**
 * @param {AsyncIterable<{ delay: number, uri: string, size: number, method: string, duration: number, client: string | null }>} stream
 * @param {{ limit?: number }} [args] limit: bytes
 */
export async function simulate(stream, { limit = 10_000_000 } = {}) {
  const kept = new Set();
  let requests = 0;
  let hits = 0;
  let bytes = 0;
  let sparedBytes = 0;
  for await (const { uri, size, method } of stream) {
    if (method !== "GET" || !uri.includes("/blobs/")) continue;
    requests++;
    bytes += size;
    const digest = uri.slice(uri.lastIndexOf("/") + 1);
    if (kept.has(digest)) {
      hits++;
      sparedBytes += size;
    } else if (size < limit) kept.add(digest);
  }
  return {
    limit,
    requests,
    hits,
    "hit ratio": hits / requests,
    "byte hit ratio": sparedBytes / bytes,
    "layers kept": kept.size,
  };
}
