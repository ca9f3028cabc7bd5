import type { FeedPlan } from "../../workers/feed-plan.ts";
import type { NodeReport } from "../../workers/node-report.ts";
import { nodeFact } from "../cluster/node-fact.ts";
import { resolvedConfig } from "../config/replay-config.ts";
import { traceName } from "./archived-traces.ts";
import type { ReplayRequest } from "./replay-request.ts";
import { machineFacts, type RunStory } from "./run-story.ts";
import type { TraceHash } from "./trace-hashes.ts";

/** A replay as run.json, the page and the summary tell it. */
export function replayStory(
  request: ReplayRequest<FeedPlan>,
  traces: readonly TraceHash[],
  nodes: readonly NodeReport[] = [],
): RunStory {
  const { verb, config, plan, json, next, arguments: words } = request;
  const { clientInfo, run, trace, warmup } = config;
  const runId = plan.feed.kind === "run" ? plan.feed.runId : request.runId;
  return {
    verb,
    arguments: words,
    seed: run.seed,
    plan: {
      config: resolvedConfig(config),
      ...(runId === undefined ? {} : { runId }),
      threads: plan.threads,
      pacing: plan.pacing,
      limits: plan.limits,
      ...(nodes.length === 0 ? {} : { nodes }),
    },
    traces,
    facts: [
      ["target", config.registry.map(({ origin }) => origin).join(", ")],
      ["trace", trace.traces.map(traceName).join(", ")],
      ["timing", clientInfo.wait ? `as traced, speed ${clientInfo.speed}` : "as fast as possible"],
      ["places", `${plan.limits.places} on each of ${plan.threads} threads`],
      ["pacing", plan.pacing],
      ["content", warmup.random ? "incompressible" : "compressible"],
      ["seed", run.seed],
      ...machineFacts(),
      ...nodes.map((node) => nodeFact(node)),
    ],
    frame: frameOf(request, nodes),
    json,
    next,
  };
}

const frameOf = (
  { config: { clientInfo, run }, plan: { feed } }: ReplayRequest<FeedPlan>,
  nodes: readonly NodeReport[],
): RunStory["frame"] => ({
  paced: feed.kind === "run" && feed.wait,
  failsOn: feed.kind === "warmup" ? "any" : "all",
  judged:
    feed.kind === "warmup"
      ? null
      : {
          limits: {
            lateness: run.saturation.latenessMs,
            share: run.saturation.share,
            onTime: run.onTimeMs,
          },
          placesKey: "client_info.threads",
        },
  nodes: nodes.length > 0 ? nodes.map(({ name }) => name) : (clientInfo.clientList ?? []),
});
