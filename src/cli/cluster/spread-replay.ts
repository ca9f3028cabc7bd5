// Runs and warm-ups that are spread over the nodes of the configuration.
import { randomBytes } from "node:crypto";
import { isAbsolute, relative, resolve } from "node:path";
import { MissingNodes } from "../../cluster/master/gather-nodes.ts";
import { digestOfFile } from "../../cluster/node/plan-check.ts";
import type { SharedFile } from "../../cluster/node-plan.ts";
import { traceFiles } from "../../trace/trace-files.ts";
import type { EnginePlan, MakeEngine } from "../../workers/engine.ts";
import type { RunFeedPlan } from "../../workers/feed-plan.ts";
import type { ReplayConfig } from "../config/replay-config.ts";
import { dryRun } from "../replay/dry-run.ts";
import { planRun, type RunFlags } from "../replay/engine-plan.ts";
import { warmedRegistries } from "../replay/map-files.ts";
import type { WarmupNodes } from "../replay/warmup-replay.ts";
import { takeNames } from "./left-files.ts";
import { NodeSet, type NodeSetRequest, type RunPlanning } from "./node-set.ts";
import { describeRun, requireSameRun } from "./run-description.ts";

export type SpreadSurroundings = Pick<NodeSetRequest, "ca" | "env" | "say">;

const requestOf = (
  { clientInfo, cluster }: ReplayConfig,
  runId: string,
  surroundings: SpreadSurroundings,
): NodeSetRequest => ({
  ...surroundings,
  runId,
  list: clientInfo.clientList ?? [],
  cluster,
});

type SpreadRun = {
  close(): Promise<void>;
  readonly plan: EnginePlan & { readonly feed: RunFeedPlan };
  readonly makeEngine: MakeEngine;
};

/** Finds the nodes and plans the run for as many as there are. Throws DrayageError that names what is missing. */
export async function spreadRun(
  config: ReplayConfig,
  flags: RunFlags,
  surroundings: SpreadSurroundings,
): Promise<SpreadRun> {
  const nodes = await nodesOf(config, flags, surroundings);
  try {
    return await planFor(nodes, config, flags);
  } catch (error) {
    await nodes.close();
    throw error;
  }
}

async function planFor(nodes: NodeSet, config: ReplayConfig, flags: RunFlags): Promise<SpreadRun> {
  const plan = planRun(config, { ...flags, nodes: nodes.count });
  const local = config.cluster.split === "local" ? await localPlanning(config, plan.feed) : {};
  const makeEngine = nodes.engineFor({
    verb: "run",
    runId: flags.runId,
    places: plan.limits.places,
    entries: plan.limits.entries,
    rate: null,
    registries: [...config.registry.keys()],
    files: [],
    ...local,
  });
  return { plan, makeEngine, close: () => nodes.close() };
}

/** Those of the run that is resumed, or others; what resuming needs is kept where the transport keeps anything. */
async function nodesOf(
  config: ReplayConfig,
  { runId, resumes }: RunFlags,
  surroundings: SpreadSurroundings,
): Promise<NodeSet> {
  const request = requestOf(config, runId, surroundings);
  if (resumes) {
    const taken = await NodeSet.resume(request, (begun) => requireSameRun(begun, config));
    const { output } = config.trace;
    takeNames([output, `${output}.skipped.ndjson`]);
    return taken;
  }
  const nodes = await NodeSet.find(request);
  try {
    if (await nodes.describe(() => describeRun(config)))
      surroundings.say(`run ${runId}: if this master dies, --resume ${runId} carries it on`);
    return nodes;
  } catch (error) {
    await nodes.close();
    throw error;
  }
}

/** Relative to the working directory, which is another one on every machine, unless the configuration names the root. */
const asWritten = (path: string, location: string): string =>
  isAbsolute(location) ? path : relative(process.cwd(), resolve(path));

/** `split: local`: what nodes read, and that it is the same everywhere. */
async function localPlanning(
  { trace, warmup }: ReplayConfig,
  feed: RunFeedPlan,
): Promise<Pick<RunPlanning, "feedOf" | "files">> {
  const found = traceFiles({ location: trace.location, traces: trace.traces });
  const traces = found.map((path) => asWritten(path, trace.location));
  const files: SharedFile[] = [];
  for (const path of [...traces, warmup.output as string])
    files.push({ path, ...(await digestOfFile(path)) });
  if (feed.planFile !== undefined) await dryRun({ ...feed, dryRun: true, skippedFile: undefined });
  const options = {
    ...feed.trace,
    location: ".",
    traces,
    tmpDir: undefined,
    errorsFile: undefined,
  };
  return {
    files,
    feedOf: (index) => ({
      ...feed,
      trace: options,
      planFile: undefined,
      share: index,
      // One of them tells what became of the records that become no operation.
      skippedFile: index === 0 ? feed.skippedFile : undefined,
    }),
  };
}

/** Finds the nodes of a warm-up. Undefined where none is there: the original's clients are started for runs only. */
export async function spreadWarmup(
  config: ReplayConfig,
  surroundings: SpreadSurroundings,
): Promise<WarmupNodes | undefined> {
  const list = config.clientInfo.clientList ?? [];
  const runId = randomBytes(8).toString("hex");
  try {
    const nodes = await NodeSet.find(requestOf(config, runId, surroundings));
    return {
      count: nodes.count,
      makeEngine: (plan, listeners) =>
        nodes.engineFor({
          verb: "warmup",
          runId,
          places: plan.limits.places,
          entries: plan.limits.entries,
          rate: null,
          registries: warmedRegistries(config),
          files: [],
        })(plan, listeners),
      close: () => nodes.close(),
    };
  } catch (error) {
    if (!(error instanceof MissingNodes && error.absent)) throw error;
    surroundings.say(
      `none of the nodes of client_info.client_list is there (${list.join(", ")}): warming up from this process`,
    );
    return undefined;
  }
}
