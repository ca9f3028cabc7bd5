// What has to be the same for a run to be carried on by another master: everything that operations, their order and their nodes
// follow from.
import { statSync } from "node:fs";
import { digestOfFile } from "../../cluster/node/plan-check.ts";
import { UsageError } from "../../core/errors.ts";
import { traceFiles } from "../../trace/trace-files.ts";
import { type ReplayConfig, resolvedConfig } from "../config/replay-config.ts";
import { version } from "../version.ts";
import { type RunDescription, requireSame } from "./same-run.ts";

/** Sections by their names in the configuration, as resolved, and the files that are read. */
export async function describeRun(config: ReplayConfig): Promise<RunDescription> {
  const { output } = config.warmup;
  return { ...describePlan(config), map: (await digestOfFile(output as string)).sha256 };
}

/** `journalRows`: what interrupted warm-ups had left before this one began. */
export const describeWarmup = (config: ReplayConfig, journalRows: number): RunDescription => ({
  ...describePlan(config),
  journalRows,
});

function describePlan(config: ReplayConfig): RunDescription {
  const { trace, warmup, run, registry, clientInfo } = resolvedConfig(config) as ReplayConfig;
  const { cluster } = config;
  // Traces out of an archive have a place and names that are never the same.
  const { output: _, location: __, traces: ___, ...read } = trace;
  const { port: ____, ...client } = clientInfo;
  const files = traceFiles({ location: trace.location, traces: trace.traces });
  return JSON.parse(
    JSON.stringify({
      version,
      trace: read,
      warmup,
      run,
      registry,
      client_info: client,
      cluster: { split: cluster.split, rows: cluster.rows, expect: cluster.expect },
      // By length: a trace may take minutes to read.
      "trace files": files.map((path) => statSync(path).size),
    }),
  );
}

/** Throws UsageError that names what is different. */
export async function requireSameRun(begun: unknown, config: ReplayConfig): Promise<void> {
  requireSame(begun as RunDescription, await describeRun(config));
}

/** The rows of the journal that count. Throws UsageError that names what is different. */
export function requireSameWarmup(begun: unknown, config: ReplayConfig): number {
  const { journalRows } = begun as RunDescription;
  if (typeof journalRows !== "number")
    throw new UsageError("this is no warm-up: give -c run, or the run directory, to --resume");
  requireSame(begun as RunDescription, describeWarmup(config, journalRows));
  return journalRows;
}
