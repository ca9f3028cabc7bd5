import type { PullThrough } from "./pull-through.ts";
import type {
  CacheCount,
  CachedPullCount,
  TroubleCount,
  UpstreamCount,
} from "./upstream-counters.ts";

/** Figures of the pull-through mode, since the start or the last reset. */
export type PullThroughStats = {
  /** What was sent to upstreams, tokens and redirects included. */
  readonly upstreamRequests: readonly UpstreamCount[];
  readonly cacheResults: readonly CacheCount[];
  readonly cachedPulls: readonly CachedPullCount[];
  readonly upstreamTroubles: readonly TroubleCount[];
  readonly cachedImages: number;
  /** Images, and blobs without one, that made room. Since the start. */
  readonly evictedImages: number;
  readonly evictedBlobs: number;
  /** Blobs that were passed on without being kept, for want of room. */
  readonly uncachedBlobs: number;
  readonly parkTimeouts: number;
};

export function pullThroughStats({ counters, cache }: PullThrough): PullThroughStats {
  const { images, evictedImages, evictedBlobs } = cache.counts;
  return {
    upstreamRequests: counters.requests(),
    cacheResults: counters.results(),
    cachedPulls: counters.cachedPulls(),
    upstreamTroubles: counters.troubles(),
    cachedImages: images,
    evictedImages,
    evictedBlobs,
    uncachedBlobs: counters.uncached,
    parkTimeouts: counters.parkTimeouts,
  };
}
