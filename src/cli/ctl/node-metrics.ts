import type { NodeStatus } from "../../workers/node-report.ts";

const metrics = [
  [
    "drayage_node_up",
    "gauge",
    ({ lost, state }: NodeStatus) => (lost === null && state !== "refused" ? 1 : 0),
  ],
  ["drayage_node_rows_total", "counter", ({ rows }: NodeStatus) => rows],
  ["drayage_node_cuts_total", "counter", ({ cuts }: NodeStatus) => cuts],
  [
    "drayage_node_clock_bound_seconds",
    "gauge",
    ({ clockBoundMs }: NodeStatus) => clockBoundMs / 1000,
  ],
] as const;

const label = (text: string): string => text.replace(/[\\"\n]/g, "_");

/** The nodes of a run as Prometheus text. */
export const nodeMetrics = (nodes: readonly NodeStatus[]): string =>
  metrics
    .flatMap(([name, type, value]) => [
      `# TYPE ${name} ${type}`,
      ...nodes.map(
        (report) =>
          `${name}{node="${report.node}",address="${label(report.address)}"} ${value(report)}`,
      ),
    ])
    .map((line) => `${line}\n`)
    .join("");
