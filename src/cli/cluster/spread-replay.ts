// Runs and warm-ups that are spread over the nodes of the configuration.
import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { isAbsolute, relative, resolve } from "node:path";
import { MissingNodes } from "../../cluster/master/gather-nodes.ts";
import { digestOfFile } from "../../cluster/node/plan-check.ts";
import type { SharedFile } from "../../cluster/node-plan.ts";
import { UsageError } from "../../core/errors.ts";
import { traceFiles } from "../../trace/trace-files.ts";
import { journalPathOf, type WarmupIdentity, WarmupJournal } from "../../trace/warmup-journal.ts";
import type { EnginePlan, MakeEngine } from "../../workers/engine.ts";
import type { RunFeedPlan } from "../../workers/feed-plan.ts";
import type { ReplayConfig } from "../config/replay-config.ts";
import { dryRun } from "../replay/dry-run.ts";
import { planRun, type RunFlags } from "../replay/engine-plan.ts";
import { warmedRegistries, warmupIdentity } from "../replay/map-files.ts";
import type { WarmupNodes } from "../replay/warmup-replay.ts";
import { takeNames } from "./left-files.ts";
import { NodeSet, type NodeSetRequest, type RunPlanning } from "./node-set.ts";
import {
  describeRun,
  describeWarmup,
  requireSameRun,
  requireSameWarmup,
} from "./run-description.ts";

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
  if (flags.isRecording && config.cluster.split === "local")
    throw new UsageError(
      "nodes of split: local read traces of their own, and an archive is read by the master: write split: stream, or make a trace of it with drayage archive export --format trace",
    );
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
    rows: config.cluster.rows,
    ...local,
  });
  return { plan, makeEngine, close: () => nodes.close() };
}

/** Those of the run that is resumed, or others; what resuming needs is kept where the transport keeps anything. */
async function nodesOf(
  config: ReplayConfig,
  flags: RunFlags,
  surroundings: SpreadSurroundings,
): Promise<NodeSet> {
  const { runId, resumes } = flags;
  const request = requestOf(config, runId, surroundings);
  if (resumes) {
    const taken = await NodeSet.resume(request, (begun) => requireSameRun(begun, config));
    const { output } = config.trace;
    takeNames([output, `${output}.skipped.ndjson`, flags.planFile, flags.errorsFile]);
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
  // Nodes keep neither: they are the master's, who reads the trace for them.
  if (feed.planFile !== undefined || feed.trace.errorsFile !== undefined)
    await dryRun({ ...feed, dryRun: true, skippedFile: undefined });
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

type Warming = {
  readonly config: ReplayConfig;
  readonly runId: string;
  readonly restart: boolean;
};

type WarmupFlags = {
  /** Id of the warm-up that another master began. */
  readonly resume: string | undefined;
  /** Forget what an interrupted warm-up has reached. */
  readonly restart: boolean;
  readonly errorsFile: string | undefined;
};

/** What resuming needs is kept where the transport keeps anything. */
async function rememberWarmup(
  nodes: NodeSet,
  { config, runId, restart }: Warming,
  { say }: SpreadSurroundings,
): Promise<void> {
  const path = journalPathOf(config.warmup.output as string);
  const rows = (): number =>
    restart || !existsSync(path) ? 0 : countRows({ path, identity: warmupIdentity(config) });
  try {
    if (await nodes.describe(async () => describeWarmup(config, rows())))
      say(`warm-up ${runId}: if this master dies, -c warmup --resume ${runId} carries it on`);
  } catch (error) {
    await nodes.close();
    throw error;
  }
}

function countRows(journal: { readonly path: string; readonly identity: WarmupIdentity }): number {
  let rows = 0;
  WarmupJournal.open({ ...journal, restart: false }, () => rows++).close();
  return rows;
}

/** Finds the nodes of a warm-up. Undefined where none is there: the original's clients are started for runs only. */
export async function spreadWarmup(
  config: ReplayConfig,
  { resume, restart, errorsFile }: WarmupFlags,
  surroundings: SpreadSurroundings,
): Promise<WarmupNodes | undefined> {
  const list = config.clientInfo.clientList ?? [];
  const runId = resume ?? randomBytes(8).toString("hex");
  const request = requestOf(config, runId, surroundings);
  try {
    let journalRows: number | undefined;
    const nodes =
      resume === undefined
        ? await NodeSet.find(request)
        : await NodeSet.resume(request, async (begun) => {
            journalRows = requireSameWarmup(begun, config);
          });
    if (resume !== undefined) takeNames([errorsFile]);
    if (resume === undefined) await rememberWarmup(nodes, { config, runId, restart }, surroundings);
    return {
      ...{ count: nodes.count, runId, journalRows },
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
