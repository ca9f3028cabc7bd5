// From a configuration to the plan of the engine: how many threads, which limits, what the feeder makes of the trace.
import { availableParallelism } from "node:os";
import { choosePacing } from "../../pacing/wake-plan.ts";
import type { OpenTraceOptions } from "../../trace/trace-options.ts";
import type { EnginePlan } from "../../workers/engine.ts";
import type { ObjectPlan, RunFeedPlan, WarmupFeedPlan } from "../../workers/feed-plan.ts";
import { threadCount } from "../../workers/thread-count.ts";
import type { ReplayConfig } from "../config/replay-config.ts";
import { clientSpec, endpointPlans } from "./client-plan.ts";
import { sideFile } from "./side-file.ts";

/** What the command line adds to a configuration. */
export type ReplayFlags = {
  readonly tmpDir?: string | undefined;
  readonly errorsFile?: string | undefined;
};

export type RunFlags = ReplayFlags & {
  /** Workers in this process, instead of those of the configuration. */
  readonly local?: number | undefined;
  /** Machines that send, a ring each; undefined = this process does. */
  readonly nodes?: number | undefined;
  readonly planFile?: string | undefined;
  readonly dryRun: boolean;
  readonly runId: string;
  /** The run was begun by another master. */
  readonly resumes?: boolean | undefined;
  /** A trace is an archive: the report holds what it says against what the run sees. */
  readonly isRecording?: boolean | undefined;
};

/** Which traces are read, and what is kept of them, by every mode. */
export function traceOptions(config: ReplayConfig, flags: ReplayFlags): OpenTraceOptions {
  const { trace, run } = config;
  return {
    location: trace.location,
    traces: trace.traces,
    arrival: trace.arrival,
    include: trace.include,
    window: trace.window,
    sample: trace.sample,
    seed: run.seed,
    limit: trace.limit,
    strict: trace.strict,
    dedupe: trace.dedupe,
    texts: "addresses",
    tmpDir: flags.tmpDir,
    errorsFile: flags.errorsFile,
  };
}

function objectPlan(config: ReplayConfig, flags: ReplayFlags, threads: number): ObjectPlan {
  const { warmup, run } = config;
  return {
    trace: traceOptions(config, flags),
    endpoints: endpointPlans(config),
    seed: run.seed,
    random: warmup.random,
    identity: warmup.identity,
    repository: warmup.repository,
    manifests: warmup.manifests,
    threads,
  };
}

/** Workers of the configuration that run in this process. */
const nodeCount = (config: ReplayConfig, { local, nodes }: RunFlags): number =>
  nodes ?? local ?? Math.max(1, config.clientInfo.clientList?.length ?? 1);

/** Operations at once, per worker of the configuration. */
function placesOf({ clientInfo, run }: ReplayConfig): number {
  const { threads } = clientInfo;
  return threads === "auto" ? run.maxInFlight : Math.min(threads, run.maxInFlight);
}

/** What bounds the operations at once: the key to raise where places are short. */
export const placesKey = ({ clientInfo: { threads }, run }: ReplayConfig): string =>
  threads === "auto" || threads > run.maxInFlight ? "run.max_in_flight" : "client_info.threads";

export function planRun(config: ReplayConfig, flags: RunFlags): EnginePlan & { feed: RunFeedPlan } {
  const { clientInfo, run, warmup, trace } = config;
  const nodes = nodeCount(config, flags);
  const places = placesOf(config);
  const perNode = flags.nodes === undefined ? threadCount(places, nodes) : 1;
  const threads = nodes * perNode;
  const slots = clientInfo.assign === "slots" ? places : 0;
  return {
    threads,
    client: clientSpec(config),
    limits: {
      places: Math.ceil(places / perNode),
      entries: Math.ceil(run.maxInFlight / perNode),
      lanes: slots > 0 ? "slot" : clientInfo.sessions ? "session" : "none",
    },
    // Trace clients with connections of their own open them by their first requests.
    opening: clientInfo.sessions ? [] : [...config.registry.keys()],
    pacing: choosePacing({ cores: availableParallelism(), workerThreads: threads, rate: null }),
    onTimeNs: run.onTimeMs * 1e6,
    tooLateNs: run.saturation.latenessMs * 1e6,
    feed: {
      kind: "run",
      isRecording: flags.isRecording,
      ...objectPlan(config, flags, threads),
      map: warmup.output as string,
      unmapped: run.unmapped,
      wait: clientInfo.wait,
      speed: clientInfo.speed,
      nodes,
      route: clientInfo.route,
      slots,
      sessions: clientInfo.sessions,
      registryChoice: run.registryChoice,
      verify: run.verify,
      runId: flags.runId,
      planFile: flags.planFile,
      skippedFile: flags.dryRun ? undefined : sideFile(trace.output, "skipped.ndjson"),
      dryRun: flags.dryRun,
    },
  };
}

/** `registries`: indices of the entries to fill. `finished`: what an interrupted warm-up left done. */
export function planWarmup(
  config: ReplayConfig,
  flags: ReplayFlags &
    Pick<WarmupFeedPlan, "registries" | "finished"> & {
      /** Machines that send; undefined = this process does. */
      readonly nodes?: number | undefined;
    },
): EnginePlan & { feed: WarmupFeedPlan } {
  const { run, warmup } = config;
  const threads = flags.nodes ?? threadCount(warmup.threads, 1);
  return {
    threads,
    client: clientSpec(config),
    limits: {
      places: Math.ceil(warmup.threads / threads),
      entries: run.maxInFlight,
      lanes: warmup.identity === "digest" ? "session" : "none",
    },
    pacing: "economical",
    onTimeNs: run.onTimeMs * 1e6,
    tooLateNs: run.saturation.latenessMs * 1e6,
    feed: {
      kind: "warmup",
      ...objectPlan(config, flags, threads),
      registries: flags.registries,
      finished: flags.finished,
    },
  };
}
