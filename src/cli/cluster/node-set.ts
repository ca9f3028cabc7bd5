// The machines that a run is spread over: found before the plan is made, since it depends on how many there are.

import type { NodeFinder } from "../../cluster/link.ts";
import { ClusterEngine, type ClusterOptions } from "../../cluster/master/cluster-engine.ts";
import { gatherNodes } from "../../cluster/master/gather-nodes.ts";
import type { NodeHandle } from "../../cluster/master/node-handle.ts";
import type { NodePlanning } from "../../cluster/master/plan-messages.ts";
import type { MakeEngine } from "../../workers/engine.ts";
import type { ReplayConfig } from "../config/replay-config.ts";
import { version } from "../version.ts";
import { nodeFinder } from "./node-finder.ts";

/** Above it a clock is as good as unknown. Source: cluster.md 3. */
const CLOCK_BOUND_MAX_MS = 100;

export type NodeSetRequest = {
  readonly runId: string;
  /** `host:port`, or `local`. */
  readonly list: readonly string[];
  readonly cluster: ReplayConfig["cluster"];
  /** Authority of the nodes' certificates, PEM file; TLS if given. */
  readonly ca: string | undefined;
  readonly env: NodeJS.ProcessEnv;
  readonly say: (line: string) => void;
};

/** What a run tells of itself; the rest of the planning is the same for all runs. */
export type RunPlanning = Omit<NodePlanning, "version" | "patience">;

export class NodeSet {
  readonly #nodes: readonly NodeHandle[];
  readonly #finder: NodeFinder;
  readonly #request: NodeSetRequest;

  private constructor(nodes: readonly NodeHandle[], finder: NodeFinder, request: NodeSetRequest) {
    this.#nodes = nodes;
    this.#finder = finder;
    this.#request = request;
  }

  /** Throws DrayageError `target-unreachable` that names the nodes that are missing. */
  static async find(request: NodeSetRequest): Promise<NodeSet> {
    const { cluster, say } = request;
    const finder = nodeFinder(request);
    try {
      const patience = patienceOf(cluster);
      const nodes = await gatherNodes(finder, { version, min: cluster.min, patience, say });
      return new NodeSet(nodes, finder, request);
    } catch (error) {
      await finder.close();
      throw error;
    }
  }

  get count(): number {
    return this.#nodes.length;
  }

  /** The engine of a run on these nodes: one run, which ends with the conversations. */
  engineFor(planning: RunPlanning): MakeEngine {
    const { cluster, say } = this.#request;
    const options: ClusterOptions = {
      ...planning,
      version,
      nodes: this.#nodes,
      patience: patienceOf(cluster),
      onLost: cluster.onLost,
      clockBoundMs: cluster.clockBound,
      clockBoundMaxMs: CLOCK_BOUND_MAX_MS,
      wallAheadMaxMs: cluster.clockDifference,
      say,
      close: () => this.#finder.close(),
    };
    return (plan, listeners) => new ClusterEngine(plan, listeners, options);
  }

  /** Calls the run off before it has an engine. */
  async close(): Promise<void> {
    for (const { conversation } of this.#nodes) {
      conversation.say({ type: "end", sentence: "the run was called off" });
      conversation.close();
    }
    await this.#finder.close();
  }
}

const patienceOf = ({ heartbeat, lostAfter }: ReplayConfig["cluster"]) => ({
  heartbeatMs: heartbeat * 1000,
  lostAfterMs: lostAfter * 1000,
});
