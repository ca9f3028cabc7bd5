// What a program can have done: the verbs of the command line, with objects for flags and results for summaries.
import type * as z from "zod";
import { compare as compareCommand, type comparisonResults } from "../cli/compare.ts";
import type { replaySchema } from "../cli/config/replay-schema.ts";
import { load as loadCommand } from "../cli/load.ts";
import { merge as mergeCommand } from "../cli/merge.ts";
import type { pullResults } from "../cli/pull/pull-results.ts";
import { pull as pullCommand } from "../cli/pull.ts";
import type { recordSchema } from "../cli/record/record-schema.ts";
import { record as recordCommand } from "../cli/record.ts";
import { replayLog as replayCommand } from "../cli/replay-log.ts";
import { report as reportCommand } from "../cli/report.ts";
import { run as runCommand } from "../cli/run.ts";
import type { simulationResults } from "../cli/simulate/simulation-figures.ts";
import { simulate as simulateCommand } from "../cli/simulate.ts";
import { warmup as warmupCommand } from "../cli/warmup.ts";
import type { BroadcastFigures } from "../playback/message-log/broadcast-statistics.ts";
import type { RecorderState } from "../record/recorder.ts";
import type { runResults } from "../report/results.ts";
import { type PerformOptions, type PerformResult, perform } from "./perform.ts";
import type { PlanOf } from "./plan.ts";
import type { Running } from "./running.ts";

/** A configuration in the form of the file: keys as in docs/configuration.md. */
export type ReplayConfigInput = z.input<ReturnType<typeof replaySchema>>;
/** The same of `drayage record`: docs/record.md. */
export type RecordConfigInput = z.input<typeof recordSchema>;

/** Content of results.json: docs/formats/results.md. */
export type RunResults = ReturnType<typeof runResults>;
export type SimulationResults = ReturnType<typeof simulationResults>;
export type CompareResults = ReturnType<typeof comparisonResults>;
export type PullResults = ReturnType<typeof pullResults>;

type WithConfig<Plan, Config> = Omit<Plan, "config"> & {
  /** Path of a file, or its content. */
  readonly config: string | Config;
};

export type WarmupPlan = WithConfig<PlanOf<typeof warmupCommand>, ReplayConfigInput>;
export type RunPlan = Omit<WithConfig<PlanOf<typeof runCommand>, ReplayConfigInput>, "dryRun">;
export type SimulatePlan = WithConfig<PlanOf<typeof simulateCommand>, ReplayConfigInput>;
export type LoadPlan = PlanOf<typeof loadCommand> & { readonly url: string };
export type PullTestPlan = Omit<PlanOf<typeof pullCommand>, "list">;
export type ComparePlan = Omit<PlanOf<typeof compareCommand>, "against"> & {
  /** Directories of runs: one of each side, or several. */
  readonly a: readonly string[];
  readonly b: readonly string[];
};
export type MergePlan = PlanOf<typeof mergeCommand> & {
  /** Directories of runs. */
  readonly runs: readonly string[];
};
export type RecordPlan = { readonly config: string | RecordConfigInput };
export type ReplayLogPlan = Omit<PlanOf<typeof replayCommand>, "recover"> & {
  /** Directory, file or prefix of a log. */
  readonly path: string;
};

/** Fills a registry with what a trace will ask for. */
export const warmup = (
  plan: WarmupPlan,
  options?: PerformOptions,
): Running<PerformResult<RunResults>> =>
  perform({ command: warmupCommand, plan, configured: true }, options);

/** Replays a trace against a registry. */
export const run = (plan: RunPlan, options?: PerformOptions): Running<PerformResult<RunResults>> =>
  perform({ command: runCommand, plan, configured: true }, options);

/** Runs a simulation over a trace. It has no snapshots. */
export const simulate = (
  plan: SimulatePlan,
  options?: PerformOptions,
): Running<PerformResult<SimulationResults>> =>
  perform({ command: simulateCommand, plan, configured: true }, options);

/** Sends the same request at a rate, or as fast as the connections allow. */
export const load = (
  plan: LoadPlan,
  options?: PerformOptions,
): Running<PerformResult<RunResults>> =>
  perform({ command: loadCommand, plan, positionals: ["url"] }, options);

/** Pulls images through a cache with more and more pullers, then fewer. */
export const pull = (
  plan: PullTestPlan,
  options?: PerformOptions,
): Running<PerformResult<PullResults>> => perform({ command: pullCommand, plan }, options);

/** Records, plays, or both, until it is ended. It has no snapshots. */
export const record = (
  plan: RecordPlan,
  options?: PerformOptions,
): Running<PerformResult<RecorderState | null>> =>
  perform({ command: recordCommand, plan, configured: true }, options);

/** Sends the messages of a log at their times. `Replay` is the same with hooks of your own. */
export const replay = (
  plan: ReplayLogPlan,
  options?: PerformOptions,
): Running<PerformResult<BroadcastFigures>> =>
  perform({ command: replayCommand, plan, positionals: ["path"] }, options);

/** Makes report and results of a run again from its directory, also of a killed run. Results are `PullResults` for a ramp. */
export const report = <Results extends RunResults | PullResults = RunResults>(
  directory: string,
  options?: PerformOptions,
): Running<PerformResult<Results>> =>
  perform({ command: reportCommand, plan: { directory }, positionals: ["directory"] }, options);

/** Is B better or worse than A, and could it be chance? It has no snapshots. */
export const compare = (
  plan: ComparePlan,
  options?: PerformOptions,
): Running<PerformResult<CompareResults>> =>
  perform(
    { command: compareCommand, plan, positionals: ["a"], renamed: { b: "against" } },
    options,
  );

/** Adds runs up to one. It has no snapshots. Results are `PullResults` for ramps. */
export const merge = <Results extends RunResults | PullResults = RunResults>(
  plan: MergePlan,
  options?: PerformOptions,
): Running<PerformResult<Results>> =>
  perform({ command: mergeCommand, plan, positionals: ["runs"] }, options);
