import type { FeedPlan } from "../../workers/feed-plan.ts";
import type { NodeReport } from "../../workers/node-report.ts";
import { nodeFact } from "../cluster/node-fact.ts";
import { resolvedConfig } from "../config/replay-config.ts";
import { traceName } from "./archived-traces.ts";
import { placesKey } from "./engine-plan.ts";
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
  const { run, trace, warmup } = config;
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
      ["timing", timingText(request)],
      ["places", placesText(plan.limits.places, plan.threads)],
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

/** Of a warm-up nothing has a due time, whatever the configuration says of runs. */
const timingText = ({ config: { clientInfo }, plan: { feed } }: ReplayRequest<FeedPlan>): string =>
  feed.kind === "run" && clientInfo.wait
    ? `as traced, speed ${clientInfo.speed}`
    : "as fast as possible";

const placesText = (places: number, threads: number): string =>
  threads === 1 ? `${places} on 1 thread` : `${places} on each of ${threads} threads`;

const frameOf = (
  { config, plan: { feed } }: ReplayRequest<FeedPlan>,
  nodes: readonly NodeReport[],
): RunStory["frame"] => ({
  paced: feed.kind === "run" && feed.wait,
  failsOn: feed.kind === "warmup" ? "any" : "all",
  judged:
    feed.kind === "warmup"
      ? null
      : {
          limits: {
            lateness: config.run.saturation.latenessMs,
            share: config.run.saturation.share,
            onTime: config.run.onTimeMs,
          },
          placesKey: placesKey(config),
        },
  nodes: nodes.length > 0 ? nodes.map(({ name }) => name) : (config.clientInfo.clientList ?? []),
});
