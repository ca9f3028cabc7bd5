import type { MetricFamily } from "../../report/metrics/metric-family.ts";
import type { NodeStatus } from "../../workers/node-report.ts";

/** The machines that a run is sent from. */
export function nodeFamilies(nodes: readonly NodeStatus[]): MetricFamily[] {
  const family = (
    type: "gauge" | "counter",
    { name, help, unit }: { name: string; help: string; unit?: "seconds" },
    value: (node: NodeStatus) => number,
  ): MetricFamily => ({
    name,
    help,
    type,
    ...(unit === undefined ? {} : { unit }),
    samples: nodes.map((node) => ({
      labels: { node: String(node.node), address: node.address },
      value: value(node),
    })),
  });
  return [
    family(
      "gauge",
      { name: "drayage_node_up", help: "Whether the node takes part." },
      ({ lost, state }) => (lost === null && state !== "refused" ? 1 : 0),
    ),
    family(
      "counter",
      { name: "drayage_node_rows", help: "Operations whose outcome came from the node." },
      ({ rows }) => rows,
    ),
    family(
      "counter",
      { name: "drayage_node_cuts", help: "Times that the connection to the node was lost." },
      ({ cuts }) => cuts,
    ),
    family(
      "gauge",
      {
        name: "drayage_node_clock_bound_seconds",
        help: "What the offset of the node's clock is known to.",
        unit: "seconds",
      },
      ({ clockBoundMs }) => clockBoundMs / 1000,
    ),
  ];
}
