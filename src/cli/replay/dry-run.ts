import type { RunFeedPlan } from "../../workers/feed-plan.ts";
import { Feeder } from "../../workers/feeder.ts";
import type { FeedSummary } from "../../workers/messages.ts";
import { allocateOrders } from "../../workers/run-orders.ts";

/** Reads the trace and writes the plan, if one is asked for; no thread that could send anything is started. */
export async function dryRun(plan: RunFeedPlan): Promise<FeedSummary> {
  const feeder = new Feeder({ rings: [], orders: allocateOrders(0), plan }, () => {});
  try {
    return await Promise.race([feeder.finished, feeder.failed]);
  } finally {
    await feeder.terminate();
  }
}
