// The outputs of a run that is over, from its stored figures alone.

import { existsSync } from "node:fs";
import { runResults } from "../../report/results.ts";
import type { RunDirectory } from "../../report/run-directory.ts";
import { writeRunOutputs } from "../../report/run-outputs.ts";
import { storedIntervals } from "../../report/stored-intervals.ts";
import type { StoredRun } from "../../report/stored-run.ts";
import { summaryText } from "../../report/summary.ts";
import { paintFor } from "../../report/text-table.ts";
import { seriesPoint, TimeseriesFile } from "../../report/timeseries.ts";
import type { ThreadHealth } from "../../stats/tally.ts";
import type { Terminal } from "../command.ts";
import { storedFiles } from "../replay/run-files.ts";
import { commandText } from "../typed-words.ts";

type Told = Pick<StoredRun, "directory" | "figures">;

/**
 * Everything that is made of the stored intervals, anew: results.json, report.html, percentiles/, figures/; timeseries.csv, which
 * grew with the run, only where it is missing. What the run logged besides stays as it is.
 */
export async function writeStored(
  directory: RunDirectory,
  { record, frame, figures, timeline }: Omit<StoredRun, "whole" | "damages" | "intervals">,
): Promise<void> {
  writeTimeseries(directory);
  await writeRunOutputs(directory, figures, {
    command: commandText(record.arguments),
    facts: frame.facts,
    files: storedFiles(directory),
    timeline,
  });
}

function writeTimeseries(directory: RunDirectory): void {
  const path = directory.file("timeseries.csv");
  if (existsSync(path)) return;
  const file = new TimeseriesFile(path);
  let before: readonly ThreadHealth[] = [];
  for (const { snapshot, planned } of storedIntervals(directory.path)) {
    file.add(seriesPoint(snapshot, planned, before), snapshot);
    before = snapshot.health;
  }
  file.close();
}

export function tellStored(
  directory: RunDirectory,
  { figures }: Told,
  {
    json,
    terminal: { out, env, program },
  }: { readonly json: boolean; readonly terminal: Terminal },
): void {
  program?.finished({ directory: directory.path, results: runResults(figures) });
  if (json) {
    out.write(`${JSON.stringify({ directory: directory.path, ...runResults(figures) })}\n`);
    return;
  }
  const isTerminal = (out as NodeJS.WritableStream & { isTTY?: boolean }).isTTY === true;
  const context = { directory: directory.path, files: storedFiles(directory), next: [] };
  out.write(`${summaryText(figures, context, paintFor(env, isTerminal))}\n`);
}
