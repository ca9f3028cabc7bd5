// What a program can have done besides runs: the machine measured, traces extracted, described and converted. None of them has
// snapshots. An abort leaves nothing behind and rejects, since half a trace is none.
import { type CalibrationResults, calibrate as calibrateCommand } from "../cli/calibrate.ts";
import type { Extracted } from "../cli/extract/trace-writing.ts";
import { extractArrivals as arrivalsCommand } from "../cli/extract-arrivals.ts";
import { extractInstances as instancesCommand } from "../cli/extract-instances.ts";
import { extractMachines as machinesCommand } from "../cli/extract-machines.ts";
import { extractRegistryLogVerb as registryLogCommand } from "../cli/extract-registry-log.ts";
import type { WrittenResults } from "../cli/trace/writing-options.ts";
import { traceConvert as convertCommand } from "../cli/trace-convert.ts";
import { traceInfo as infoCommand } from "../cli/trace-info.ts";
import type { DescribedTrace } from "../trace/info/describe-trace.ts";
import { type PerformOptions, type PerformResult, perform } from "./perform.ts";
import type { PlanOf } from "./plan.ts";
import type { Running } from "./running.ts";

export type CalibratePlan = PlanOf<typeof calibrateCommand>;
/** What was measured, and the file that runs and loads look it up in. */
export type { CalibrationResults };

/** What was read and what was written. */
export type ExtractResults = Extracted;
/** What the trace asks for: docs/trace-info.md. */
export type TraceInfoResults = DescribedTrace["description"];
export type TraceConvertResults = WrittenResults;

/** Flags that print a plan or read standard input are for people. */
type ForPeople = "dryRun" | "passwordStdin";
type WithOutput<C> = Omit<PlanOf<C>, ForPeople> & { readonly output: string };
type WithInputs<C> = Omit<PlanOf<C>, ForPeople> & { readonly inputs: readonly string[] };

export type ExtractInstancesPlan = WithOutput<typeof instancesCommand>;
export type ExtractMachinesPlan = WithOutput<typeof machinesCommand>;
export type ExtractRegistryLogPlan = WithInputs<typeof registryLogCommand>;
export type ExtractArrivalsPlan = PlanOf<typeof arrivalsCommand> & { readonly input: string };
export type TraceInfoPlan = WithInputs<typeof infoCommand>;
export type TraceConvertPlan = WithInputs<typeof convertCommand>;

type Told<Results> = Running<PerformResult<Results>>;

/** Measures what this machine's generator can do. Null where it was ended before. */
export const calibrate = (
  plan: CalibratePlan = {},
  options?: PerformOptions,
): Told<CalibrationResults | null> => perform({ command: calibrateCommand, plan }, options);

/** Events of instances from a database of OpenStack Nova. */
export const extractInstances = (
  plan: ExtractInstancesPlan,
  options?: PerformOptions,
): Told<ExtractResults> =>
  perform({ command: instancesCommand, plan, positionals: ["output"] }, options);

/** Events of machines from dumps of such a database. */
export const extractMachines = (
  plan: ExtractMachinesPlan,
  options?: PerformOptions,
): Told<ExtractResults> =>
  perform({ command: machinesCommand, plan, positionals: ["output"] }, options);

/** A trace, masked, from access logs of a registry or from an archive. */
export const extractRegistryLog = (
  plan: ExtractRegistryLogPlan,
  options?: PerformOptions,
): Told<ExtractResults> =>
  perform({ command: registryLogCommand, plan, positionals: ["inputs"] }, options);

/** A trace of the pulls that instances of a cloud would have made. */
export const extractArrivals = (
  plan: ExtractArrivalsPlan,
  options?: PerformOptions,
): Told<ExtractResults> =>
  perform({ command: arrivalsCommand, plan, positionals: ["input"] }, options);

/** Describes traces: what is asked for, by whom, how often and when. */
export const traceInfo = (plan: TraceInfoPlan, options?: PerformOptions): Told<TraceInfoResults> =>
  perform({ command: infoCommand, plan, positionals: ["inputs"] }, options);

/** Writes traces in another form. */
export const traceConvert = (
  plan: TraceConvertPlan,
  options?: PerformOptions,
): Told<TraceConvertResults> =>
  perform({ command: convertCommand, plan, positionals: ["inputs"] }, options);
