// The figures of a run that was driven here, with what cache and upstream told of it. Source: pull-driver.md 9.5.
import type { DriverEnd } from "../../pull/driver-contract.ts";
import {
  allRequests,
  mergeIntervals,
  type PullInterval,
  pullsOf,
} from "../../pull/pull-interval.ts";
import { growth, hitRatio, upstreamDifference } from "../../pull/server-counters.ts";
import type { ServerWatch } from "../../pull/server-watch.ts";
import type { ErrorCount } from "../../workers/pull-messages.ts";
import { figuresOfEnd, type PullFigures, type ServerFigures } from "./pull-results.ts";

export function pullFigures(
  end: DriverEnd,
  {
    watch,
    counts,
    pruneErrors,
    ...rest
  }: Pick<PullFigures, "ending" | "thresholds"> & {
    readonly watch: ServerWatch;
    /** The cache was pruned. */
    readonly prunes: boolean;
    /** Of prunes that no puller made. */
    readonly pruneErrors: readonly ErrorCount[];
    readonly counts: Readonly<Record<string, number>>;
  },
): PullFigures {
  const errors = mergeErrors([...pruneErrors, ...end.threads.flatMap((thread) => thread.errors)]);
  // Servers tell of all that was pulled, passes that fill the cache included.
  const pulled = mergeIntervals([end.sum.totals(), end.sum.unmeasured]);
  const server = serverFigures(watch, pulled);
  const figures = figuresOfEnd(end, { ...rest, errors, server });
  return { ...figures, counts: { ...figures.counts, ...counts } };
}

function mergeErrors(counts: readonly ErrorCount[]): ErrorCount[] {
  return counts.toSorted((a, b) => a.puller - b.puller || a.kind.localeCompare(b.kind));
}

const orNull = (value: number | undefined): number | null => value ?? null;

/** `pulled`: everything, from the first reading of the servers to the last. */
function serverFigures(
  { first, last, upstreamFirst, upstreamLast, wasReset }: ServerWatch,
  pulled: PullInterval,
): ServerFigures {
  const upstream = upstreamDifference(upstreamFirst, upstreamLast);
  const pulls = pullsOf(pulled).done;
  const { bytes } = allRequests(pulled);
  const both = first !== undefined && last !== undefined && !wasReset;
  const counted: Record<string, number> = {};
  if (both)
    for (const name of CACHE_COUNTERS) {
      const grown = growth(first.counters, last.counters, name);
      if (grown !== undefined) counted[name] = grown;
    }
  return {
    hitRatio: both ? orNull(hitRatio(first.counters, last.counters)) : null,
    manifestAmplification:
      upstream === undefined || pulls === 0 ? null : upstream.manifestGets / pulls,
    bytesAmplification: upstream === undefined || bytes === 0 ? null : upstream.bytes / bytes,
    upstreamManifestGets: orNull(upstream?.manifestGets),
    upstreamBlobGets: orNull(upstream?.blobGets),
    upstreamBytes: orNull(upstream?.bytes),
    proxy: Object.fromEntries(
      [...(last?.counters ?? [])].filter(([name]) => name.startsWith("registry.proxy.")),
    ),
    held: Object.fromEntries(
      [...(last?.counters ?? [])].filter(([name]) => HELD.includes(name.replace(/\{.*/, ""))),
    ),
    counted,
  };
}

/** Gauges: how large the cache is. */
const HELD = [
  "ociregistry_cached_manifest_count",
  "ociregistry_cached_blob_count",
  "ociregistry_manifest_bytes_on_disk_total",
  "ociregistry_blob_bytes_on_disk_total",
  "drayage_registry_stored_manifests",
  "drayage_registry_stored_blobs",
  "drayage_registry_stored_bytes",
];

const CACHE_COUNTERS = [
  "ociregistry_upstream_pulls_by_ns",
  "ociregistry_cached_pulls_by_ns_total",
  "ociregistry_manifest_pulls_total",
  "ociregistry_blob_pulls_total",
  "ociregistry_v2_api_endpoint_hits_total",
  "ociregistry_api_errors_total",
  "drayage_registry_upstream_requests_total",
  "drayage_registry_cache_results_total",
];
