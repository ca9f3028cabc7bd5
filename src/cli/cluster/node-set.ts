// The machines that a run is spread over: found before the plan is made, since it depends on how many there are.

import { FleetEngine, type FleetOptions } from "../../cluster/fleet/fleet-engine.ts";
import type { BegunRun, NodeFinder } from "../../cluster/link.ts";
import { ClusterEngine, type ClusterOptions } from "../../cluster/master/cluster-engine.ts";
import { begunNodes, gatherNodes } from "../../cluster/master/gather-nodes.ts";
import type { NodeHandle } from "../../cluster/master/node-handle.ts";
import type { NodePlanning } from "../../cluster/master/plan-messages.ts";
import type { Hello } from "../../cluster/protocol/message.ts";
import type { MakeEngine } from "../../workers/engine.ts";
import type { MakePullFleet } from "../../workers/pull-engine.ts";
import type { ReplayConfig } from "../config/replay-config.ts";
import { version } from "../version.ts";
import { begunNodeFinder, nodeFinder } from "./node-finder.ts";
import { patienceOf } from "./run-patience.ts";

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

/** With the run that was begun, if one was. */
type Taken = NodeSetRequest & { readonly begun?: BegunRun };

/** What a run tells of itself; the rest of the planning is the same for all runs. */
export type RunPlanning = Omit<NodePlanning, "version" | "patience">;

export class NodeSet {
  #left: Promise<void> | undefined;
  readonly #nodes: readonly NodeHandle[];
  readonly #finder: NodeFinder;
  readonly #request: Taken;

  private constructor(nodes: readonly NodeHandle[], finder: NodeFinder, request: Taken) {
    this.#nodes = nodes;
    this.#finder = finder;
    this.#request = request;
  }

  /** Throws DrayageError `target-unreachable` that names the nodes that are missing. */
  static async find(request: NodeSetRequest): Promise<NodeSet> {
    const { cluster, say } = request;
    const finder = await nodeFinder(request);
    try {
      const nodes = await gatherNodes(finder, { version, min: cluster.min, say });
      return new NodeSet(nodes, finder, request);
    } catch (error) {
      await finder.close();
      throw error;
    }
  }

  /** Takes over the nodes of a run whose master is gone. `check` throws when the run is another one. */
  static async resume(
    request: NodeSetRequest,
    check: (run: unknown) => Promise<void>,
  ): Promise<NodeSet> {
    const finder = await begunNodeFinder(request);
    try {
      const { links, begun } = await finder.find();
      const { hellos, run } = begun.description;
      await check(run);
      await begun.take();
      const nodes = begunNodes(links, hellos as readonly Hello[], patienceOf(request.cluster));
      return new NodeSet(nodes, finder, { ...request, begun });
    } catch (error) {
      await finder.close();
      throw error;
    }
  }

  /** Where the transport keeps such things, the run can be resumed from now on, by whoever has `run` again. */
  async describe(run: () => Promise<unknown>): Promise<boolean> {
    const { memory } = this.#finder;
    if (memory === undefined) return false;
    await memory.describe({ hellos: this.#nodes.map(({ hello }) => hello), run: await run() });
    return true;
  }

  get runId(): string {
    return this.#request.runId;
  }

  /** Id by which another master can carry the run on; undefined where nothing keeps it. */
  get keptAs(): string | undefined {
    return this.#finder.memory === undefined ? undefined : this.runId;
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
      ...clockLimitsOf(cluster),
      say,
      memory: this.#finder.memory,
      begun: this.#request.begun,
      close: () => this.#leave(),
    };
    return (plan, listeners) => new ClusterEngine(plan, listeners, options);
  }

  /** Pullers on these nodes: one run, which ends with the conversations. `outlasts`: it was described. */
  fleet(outlasts: boolean): MakePullFleet {
    const { cluster, runId, say } = this.#request;
    const options: FleetOptions = {
      version,
      runId,
      nodes: this.#nodes,
      patience: patienceOf(cluster),
      ...clockLimitsOf(cluster),
      say,
      memory: outlasts ? this.#finder.memory : undefined,
      begun: this.#request.begun,
      close: () => this.#leave(),
    };
    return (plan, listener, lost) => new FleetEngine(plan, { listener, lost }, options);
  }

  /** Lets the nodes go: of a run that never had an engine, or had one, which has told them so. */
  async close(): Promise<void> {
    for (const { conversation } of this.#nodes) {
      conversation.say({ type: "end", sentence: "the run was called off" });
      conversation.close();
    }
    await this.#leave();
  }

  #leave(): Promise<void> {
    this.#left ??= this.#finder.close();
    return this.#left;
  }
}

const clockLimitsOf = ({ clockBound, clockDifference }: ReplayConfig["cluster"]) => ({
  clockBoundMs: clockBound,
  clockBoundMaxMs: CLOCK_BOUND_MAX_MS,
  wallAheadMaxMs: clockDifference,
});
