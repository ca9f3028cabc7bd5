// A synthetic load that is spread over machines: every node takes each Nth request of one schedule.
import type { EnginePlan } from "../../workers/engine.ts";
import type { LoadFeedPlan } from "../../workers/feed-plan.ts";
import { peakRate } from "../load/load-schedule.ts";
import type { RunPlanning } from "./node-set.ts";

/** Nothing but figures and outcomes crosses the network: a node needs no more than its number to know its requests. */
export function nodePlanning(
  { feed, limits, threads }: EnginePlan & { readonly feed: LoadFeedPlan },
  { count, runId }: { readonly count: number; readonly runId: string },
): RunPlanning {
  // The plan was made for one thread per node.
  const { places, entries } = limits;
  return {
    verb: "load",
    runId,
    places,
    entries,
    rate: peakRate(feed.schedule),
    registries: null,
    files: [],
    feedOf: (index) => ({ ...feed, threads, share: { index, count } }),
  };
}
