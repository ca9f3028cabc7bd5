import type { RegistryStats } from "./control-endpoint.ts";
import type { RequestCount } from "./request-counters.ts";

/** The registry's figures in the text format of Prometheus. */
export function metricsPage(stats: RegistryStats): string {
  const { requests, stored, faults, limits } = stats;
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
    "",
  ].join("\n");
}

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
