import type { PullPlan } from "../../workers/pull-plan.ts";
import type { Patience } from "../conversation.ts";
import type { NodeHandle } from "../master/node-handle.ts";
import type { PullPlanMessage } from "../protocol/message.ts";
import { hasSecrets, withoutSecrets } from "../secrets.ts";

type Planning = {
  readonly version: string;
  readonly runId: string;
  readonly patience: Patience;
  readonly outlasts: boolean;
};

/** The plan of each node: its own lists, and no secrets where others could read along. */
export const pullPlanMessages = (
  plan: PullPlan,
  nodes: readonly NodeHandle[],
  { version, runId, patience, outlasts }: Planning,
): { readonly node: NodeHandle; readonly message: PullPlanMessage }[] =>
  nodes.map((node, index) => {
    const secretsWithheld = !node.conversation.isPrivate && hasSecrets([plan.wire.endpoint]);
    const [endpoint = plan.wire.endpoint] = secretsWithheld
      ? withoutSecrets([plan.wire.endpoint])
      : [];
    const pull = {
      ...plan,
      wire: { ...plan.wire, endpoint },
      lists: plan.lists.map((list, puller) => (puller % nodes.length === index ? list : [])),
    };
    const message: PullPlanMessage = {
      type: "pull-plan",
      version,
      runId,
      index,
      count: nodes.length,
      plan: { pull, secretsWithheld, outlasts, ...patience },
    };
    return { node, message };
  });
