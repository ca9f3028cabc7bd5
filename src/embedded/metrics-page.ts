import type { RegistryStats } from "./control-endpoint.ts";
import type { PullThroughStats } from "./pull-through/pull-through-stats.ts";
import type { RequestCount } from "./request-counters.ts";

/** The registry's figures in the text format of Prometheus. */
export function metricsPage(stats: RegistryStats): string {
  const { requests, stored, faults, limits, ownTroubles } = stats;
  return [
    ...perRequest("requests_total", requests, (count) => count.requests),
    ...perRequest("response_bytes_total", requests, (count) => count.responseBytes),
    ...perRequest("request_bytes_total", requests, (count) => count.requestBytes),
    "# TYPE drayage_registry_fault_hits_total counter",
    ...faults.map(
      ({ rule, hits }) => `drayage_registry_fault_hits_total{rule="${escaped(rule)}"} ${hits}`,
    ),
    ...single("stored_bytes", "gauge", stored.bytes),
    ...single("stored_blobs", "gauge", stored.blobs),
    ...single("stored_manifests", "gauge", stored.manifests),
    ...single("repositories", "gauge", stored.repositories),
    ...single("open_uploads", "gauge", stored.uploads),
    ...single("memory_refusals_total", "counter", limits.memoryRefusals),
    ...single("expired_uploads_total", "counter", limits.expiredUploads),
    ...single("lost_log_lines_total", "counter", limits.lostLogLines),
    ...single("own_troubles_total", "counter", ownTroubles.count),
    ...(stats.pullThrough === undefined ? [] : pullThroughLines(stats.pullThrough)),
    "",
  ].join("\n");
}

function pullThroughLines(stats: PullThroughStats): string[] {
  const asked = stats.upstreamRequests.map((count) => ({
    count,
    labels: labelsOf({ ns: count.ns, type: count.type, method: count.method, code: count.code }),
  }));
  return [
    ...labelled("drayage_registry_upstream_requests_total", asked, (count) => count.requests),
    ...labelled("drayage_registry_upstream_bytes_total", asked, (count) => count.bytes),
    ...labelled(
      "drayage_registry_upstream_troubles_total",
      stats.upstreamTroubles.map((count) => ({
        count,
        labels: labelsOf({ ns: count.ns, kind: count.kind }),
      })),
      ({ count }) => count,
    ),
    ...labelled(
      "drayage_registry_cache_results_total",
      stats.cacheResults.map((count) => ({
        count,
        labels: labelsOf({ ns: count.ns, type: count.type, result: count.result }),
      })),
      ({ requests }) => requests,
    ),
    ...single("cached_images", "gauge", stats.cachedImages),
    ...single("evicted_images_total", "counter", stats.evictedImages),
    ...single("evicted_blobs_total", "counter", stats.evictedBlobs),
    ...single("uncached_blobs_total", "counter", stats.uncachedBlobs),
    ...single("park_timeouts_total", "counter", stats.parkTimeouts),
    ...pullsByNamespace(stats),
  ];
}

// The names and the meaning that Ociregistry's figures have, so that one reader serves both: pulls are manifests, and who
// waited for another one's fetch, and got it, was served from the cache.
function pullsByNamespace({ upstreamRequests, cachedPulls }: PullThroughStats): string[] {
  const fetched = upstreamRequests.filter(
    ({ type, method, code }) => type === "manifest" && method === "GET" && code === 200,
  );
  const names = new Set([...fetched, ...cachedPulls].map(({ ns }) => ns));
  const sums = (counts: readonly { readonly ns: string; readonly requests: number }[]) =>
    [...names].map((ns) => {
      const own = counts.filter((count) => count.ns === ns);
      const count = own.reduce((sum, { requests }) => sum + requests, 0);
      return { count, labels: labelsOf({ ns }) };
    });
  return [
    ...labelled("ociregistry_upstream_pulls_by_ns", sums(fetched), (count) => count),
    ...labelled("ociregistry_cached_pulls_by_ns_total", sums(cachedPulls), (count) => count),
  ];
}

function labelled<Count>(
  name: string,
  counts: readonly { readonly count: Count; readonly labels: string }[],
  value: (count: Count) => number,
): string[] {
  const lines = counts.map(({ count, labels }) => `${name}{${labels}} ${value(count)}`);
  return [`# TYPE ${name} counter`, ...lines];
}

const labelsOf = (labels: Readonly<Record<string, string | number>>): string =>
  Object.entries(labels)
    .map(([name, value]) => `${name}="${escaped(String(value))}"`)
    .join(",");

function perRequest(
  name: string,
  requests: readonly RequestCount[],
  value: (count: RequestCount) => number,
): string[] {
  const lines = requests.map((count) => {
    const labels = `type="${count.type}",method="${count.method}",code="${count.code}"`;
    return `drayage_registry_${name}{${labels}} ${value(count)}`;
  });
  return [`# TYPE drayage_registry_${name} counter`, ...lines];
}

const single = (name: string, type: "gauge" | "counter", value: number): string[] => [
  `# TYPE drayage_registry_${name} ${type}`,
  `drayage_registry_${name} ${value}`,
];

const escaped = (text: string): string =>
  text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
