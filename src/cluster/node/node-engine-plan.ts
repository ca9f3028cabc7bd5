import { availableParallelism } from "node:os";
import { choosePacing } from "../../pacing/wake-plan.ts";
import type { EnginePlan } from "../../workers/engine.ts";
import { threadCount } from "../../workers/thread-count.ts";
import type { NodePlan } from "../node-plan.ts";

/** What this machine makes of its part of a run. `count`: nodes of the run; `sharers`: nodes on this machine. */
export function nodeEnginePlan(
  plan: NodePlan,
  { count, sharers }: { readonly count: number; readonly sharers: number },
): EnginePlan {
  const threads = threadCount(plan.places, sharers);
  const rate = plan.rate === null ? null : plan.rate / count;
  return {
    threads,
    feed: plan.feed ?? { kind: "poured", paced: plan.paced },
    client: plan.client,
    limits: {
      places: Math.ceil(plan.places / threads),
      entries: Math.ceil(plan.entries / threads),
      lanes: plan.lanes,
    },
    pacing: choosePacing({ cores: availableParallelism(), workerThreads: threads, rate }),
    onTimeNs: plan.onTimeNs,
    tooLateNs: plan.tooLateNs,
  };
}
