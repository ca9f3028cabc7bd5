// Directories of runs that never were, written by the files of real ones.
import { mkdirSync } from "node:fs";
import { CountsFile } from "../../src/report/counts-file.ts";
import { HistogramLog } from "../../src/report/hlog.ts";
import { RunDirectory, type RunRecord } from "../../src/report/run-directory.ts";
import { sampleRun } from "./sample-run.ts";

/** Two seconds at 200 requests/s unless said otherwise; killed unless `endedAt` is given. Returns the path. */
export async function drawRun(
  path: string,
  { seconds = 2, ...record }: Partial<RunRecord> & { readonly seconds?: number } = {},
): Promise<string> {
  mkdirSync(path);
  const made = new RunDirectory(path);
  const log = new HistogramLog(made.file("histograms.hlog"), { tool: "drayage", startedAt: 0 });
  const counts = new CountsFile(made.file("counts.ndjson"));
  for (const snapshot of sampleRun({ seconds, stalls: false }).snapshots.slice(0, seconds)) {
    log.add(snapshot);
    counts.add({ snapshot, planned: 200, pausedNs: 0 });
  }
  log.close();
  counts.close();
  const originWall = "2026-01-15T10:00:00.000Z";
  await made.writeRun({
    tool: { name: "drayage", version: "0.1.0" },
    verb: "load",
    arguments: [],
    startedAt: originWall,
    endedAt: null,
    ending: null,
    plan: {},
    seed: "0",
    traces: [],
    clocks: { originWall, originMonotonicNs: "0" },
    ...record,
  });
  return path;
}
