import type { EnginePlan } from "../../workers/engine.ts";
import { type FeedPlan, hasDueTimes } from "../../workers/feed-plan.ts";
import { type Patience, whilePreparing } from "../conversation.ts";
import type { NodePlan, RowsWhen, SharedFile } from "../node-plan.ts";
import type { PlanMessage } from "../protocol/message.ts";
import { hasSecrets, withoutSecrets } from "../secrets.ts";
import type { NodeHandle } from "./node-handle.ts";

/** What nodes need to know besides the plan of the engine. */
export type NodePlanning = {
  /** Of drayage. */
  readonly version: string;
  readonly verb: string;
  readonly runId: string;
  /** Operations at once on each node, and how many are loaded where some wait for others. */
  readonly places: number;
  readonly entries: number;
  readonly rate: number | null;
  /** Registries that nodes must reach, by index; null = any server, which must take a connection. */
  readonly registries: readonly number[] | null;
  readonly patience: Patience;
  /** `split: local`: what node `index` reads; undefined where operations come from the master. */
  readonly feedOf?: ((index: number) => FeedPlan) | undefined;
  readonly files: readonly SharedFile[];
  /** Along with the run if absent. */
  readonly rows?: RowsWhen | undefined;
};

/** Sends each node its plan. */
export function sayPlans(
  plan: EnginePlan,
  nodes: readonly NodeHandle[],
  planning: NodePlanning,
): void {
  for (const { node, plan: message } of planMessages(plan, nodes, planning)) {
    node.conversation.bePatient(whilePreparing(planning.patience));
    node.conversation.say(message);
    node.state = "planned";
    // A node whose first operation is far away is ready all the same.
    if (planning.feedOf === undefined) node.give(Buffer.alloc(0), []);
  }
}

/** The plan of each node, without secrets where others could read along. */
const planMessages = (
  plan: EnginePlan,
  nodes: readonly NodeHandle[],
  planning: NodePlanning,
): { readonly node: NodeHandle; readonly plan: PlanMessage }[] =>
  nodes.map((node, index) => ({
    node,
    plan: {
      type: "plan",
      version: planning.version,
      runId: planning.runId,
      index,
      count: nodes.length,
      plan: nodePlan(plan, planning, { index, isPrivate: node.conversation.isPrivate }),
    },
  }));

function nodePlan(
  { feed, client, limits, onTimeNs, tooLateNs }: EnginePlan,
  planning: NodePlanning,
  { index, isPrivate }: { index: number; isPrivate: boolean },
): NodePlan {
  const { verb, places, entries, rate, registries, patience, feedOf, files } = planning;
  const { rows = "along" } = planning;
  const secretsWithheld = !isPrivate && hasSecrets(client.endpoints);
  return {
    verb,
    client: secretsWithheld ? { ...client, endpoints: withoutSecrets(client.endpoints) } : client,
    secretsWithheld,
    places,
    entries,
    lanes: limits.lanes,
    onTimeNs,
    tooLateNs,
    paced: hasDueTimes(feed),
    rate,
    feed: feedOf?.(index) ?? null,
    files,
    rows,
    registries,
    ...patience,
  };
}
