// The outputs of a run that is over, from its stored figures alone.
import { renderReportPage } from "../../report/report-page.ts";
import { runResults } from "../../report/results.ts";
import type { RunDirectory } from "../../report/run-directory.ts";
import type { StoredRun } from "../../report/stored-run.ts";
import { summaryText } from "../../report/summary.ts";
import { paintFor } from "../../report/text-table.ts";
import type { Terminal } from "../command.ts";

type Told = Pick<StoredRun, "directory" | "figures">;

const filesOf = (directory: string) => [
  { name: `${directory}/report.html`, holds: "figures and plots, one page" },
  { name: `${directory}/results.json`, holds: "figures, for programs" },
];

/** results.json and report.html. */
export async function writeStored(
  directory: RunDirectory,
  { record, frame, figures, timeline }: Omit<StoredRun, "whole" | "damages" | "intervals">,
): Promise<void> {
  await directory.writeJson("results.json", runResults(figures));
  const page = renderReportPage(figures, {
    command: ["drayage", ...record.arguments].join(" "),
    facts: frame.facts,
    files: filesOf(directory.path),
    timeline,
  });
  await directory.writeText("report.html", page);
}

export function tellStored(
  { directory, figures }: Told,
  { json, terminal: { out, env } }: { readonly json: boolean; readonly terminal: Terminal },
): void {
  if (json) {
    out.write(`${JSON.stringify({ directory, ...runResults(figures) })}\n`);
    return;
  }
  const isTerminal = (out as NodeJS.WritableStream & { isTTY?: boolean }).isTTY === true;
  const context = { directory, files: filesOf(directory), next: [] };
  out.write(`${summaryText(figures, context, paintFor(env, isTerminal))}\n`);
}
