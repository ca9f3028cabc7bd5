import type { RowsWhen } from "../node-plan.ts";
import type { NodeEvents } from "./node-handle.ts";

type Events = Pick<NodeEvents, "landed" | "thresholds">;

/**
 * How rows are taken. Those that nodes kept come when everything is sent (`cluster.rows: after`): figures were told before them, so
 * that none are to be made up, and whoever waits for the end is told what for.
 */
export function rowsComing(
  { rows = "along", say }: { readonly rows?: RowsWhen | undefined; say(line: string): void },
  { landed, thresholds }: Required<Events>,
): Events {
  if (rows === "along") return { landed, thresholds };
  let isAnnounced = false;
  return {
    landed(node, operations) {
      if (!isAnnounced) say("nodes have ended their requests, and hand their rows over");
      isAnnounced = true;
      landed(node, operations);
    },
  };
}
