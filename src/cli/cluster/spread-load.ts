// A synthetic load that is spread over machines: every node takes each Nth request of one schedule.
import { randomBytes } from "node:crypto";
import { UsageError } from "../../core/errors.ts";
import type { EnginePlan } from "../../workers/engine.ts";
import type { LoadFeedPlan } from "../../workers/feed-plan.ts";
import type { Terminal } from "../command.ts";
import { camelKeys } from "../config/camel-keys.ts";
import { clusterSection } from "../config/cluster-schema.ts";
import { peakRate } from "../load/load-schedule.ts";
import { NodeSet, type RunPlanning } from "./node-set.ts";

const NODE = /^(local|[^\s:/]+:\d{1,5}|\[[0-9a-fA-F:.]+\]:\d{1,5})$/;

/** Throws UsageError for what is no list of nodes, DrayageError for nodes that do not answer. */
export function loadNodes(
  text: string,
  given: { readonly "node-ca": string | undefined },
  { env, err }: Terminal,
): Promise<NodeSet> {
  const list = text.split(",").map((name) => name.trim());
  const wrong = list.find((name) => !NODE.test(name));
  if (wrong !== undefined)
    throw new UsageError(`--nodes wants HOST:PORT,HOST:PORT or local, not "${wrong}"`);
  return NodeSet.find({
    runId: randomBytes(8).toString("hex"),
    list,
    cluster: camelKeys(clusterSection().parse(undefined)),
    ca: given["node-ca"],
    env,
    say: (line) => void err.write(`${line}\n`),
  });
}

/** Nothing but figures and outcomes crosses the network: a node needs no more than its number to know its requests. */
export function nodePlanning(
  { feed, limits, threads }: EnginePlan & { readonly feed: LoadFeedPlan },
  count: number,
): RunPlanning {
  // The plan was made for one thread per node.
  const { places, entries } = limits;
  return {
    verb: "load",
    runId: randomBytes(8).toString("hex"),
    places,
    entries,
    rate: peakRate(feed.schedule),
    registries: null,
    files: [],
    feedOf: (index) => ({ ...feed, threads, share: { index, count } }),
  };
}
