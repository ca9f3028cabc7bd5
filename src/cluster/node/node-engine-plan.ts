import { availableParallelism } from "node:os";
import { choosePacing } from "../../pacing/wake-plan.ts";
import type { EnginePlan } from "../../workers/engine.ts";
import type { FeedPlan } from "../../workers/feed-plan.ts";
import { threadCount } from "../../workers/thread-count.ts";
import type { NodePlan } from "../node-plan.ts";

/**
 * What this machine makes of its part of a run. `count`: nodes of the run; `sharers`: nodes on this machine; `skippedFile`: where
 * records go that become no operation, if this node is the one to tell.
 */
export function nodeEnginePlan(
  plan: NodePlan,
  {
    count,
    sharers,
    skippedFile,
  }: { readonly count: number; readonly sharers: number; readonly skippedFile: string },
): EnginePlan {
  const threads = threadCount(plan.places, sharers);
  const rate = plan.rate === null ? null : plan.rate / count;
  return {
    threads,
    feed: feedOf(plan, { threads, skippedFile }),
    client: plan.client,
    limits: {
      places: Math.ceil(plan.places / threads),
      entries: Math.ceil(plan.entries / threads),
      lanes: plan.lanes,
    },
    opening: plan.lanes === "session" ? [] : (plan.registries ?? [...plan.client.endpoints.keys()]),
    pacing: choosePacing({ cores: availableParallelism(), workerThreads: threads, rate }),
    onTimeNs: plan.onTimeNs,
    tooLateNs: plan.tooLateNs,
  };
}

function feedOf(
  { feed, paced }: NodePlan,
  { threads, skippedFile }: { threads: number; skippedFile: string },
): FeedPlan {
  if (feed === null) return { kind: "poured", paced };
  if (feed.kind === "poured") return feed;
  if (feed.kind !== "run") return { ...feed, threads };
  const tells = feed.skippedFile !== undefined;
  return {
    ...feed,
    threads: threads * feed.nodes,
    skippedFile: tells ? skippedFile : undefined,
  };
}
