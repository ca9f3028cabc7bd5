// The outputs of a pull test that is over, from what its directory holds.

import { stepsTsv } from "../../pull/tables.ts";
import { writeFigures } from "../../report/figures/figure-files.ts";
import { writePercentiles } from "../../report/percentile-files.ts";
import { RunDirectory } from "../../report/run-directory.ts";
import type { StoredRecord } from "../../report/stored-run.ts";
import { paintFor } from "../../report/text-table.ts";
import type { Terminal } from "../command.ts";
import { chartsOf } from "../pull/pull-charts.ts";
import { pullPercentiles } from "../pull/pull-outputs.ts";
import { pullFigureTitles, pullPage } from "../pull/pull-page.ts";
import { pullResults, verdictOfPull } from "../pull/pull-results.ts";
import { type PullStory, pullText } from "../pull/pull-text.ts";
import { loadStoredPull } from "../pull/stored-pull.ts";
import { commandText } from "../typed-words.ts";

const madeAgain = [
  { name: "report.html", holds: "figures and plots, one page" },
  { name: "results.json", holds: "figures, for programs" },
  { name: "steps.tsv", holds: "a line per step" },
  { name: "percentiles/", holds: "percentiles of each type, for HdrHistogram's plotter" },
  { name: "figures/", holds: "every plot as SVG, with data and scripts to draw it anew" },
];

/** Writes results, page, steps, percentiles and figures anew, and prints the summary, or the results as JSON. */
export async function reportPull(
  path: string,
  record: StoredRecord,
  { json, terminal }: { readonly json: boolean; readonly terminal: Terminal },
): Promise<void> {
  const { out, err, env, program } = terminal;
  const stored = loadStoredPull(path, record);
  const { figures, rates, timeline, calibration, exit, damages } = stored;
  for (const damage of damages) err.write(`warning: ${damage}\n`);
  if (figures.ending === "cut")
    err.write(
      `the run was killed, or still goes on: figures of its first ${figures.seconds.toFixed(1)} s\n`,
    );
  const directory = new RunDirectory(path);
  const verdict = verdictOfPull(figures);
  const story: PullStory = { verdict, directory: path, files: madeAgain, calibration, notes: [] };
  const results = pullResults(figures, { verdict: verdict.text, exit, calibration });
  await directory.writeJson("results.json", results);
  await directory.writeText("steps.tsv", stepsTsv(figures.steps));
  writePercentiles(directory.file("percentiles"), pullPercentiles(figures));
  writeFigures(
    directory.file("figures"),
    chartsOf(figures, { rates, timeline }),
    pullFigureTitles(figures, story),
  );
  const page = pullPage(figures, {
    story,
    command: commandText(record.arguments),
    facts: record.frame?.facts ?? [],
    rates,
    timeline,
  });
  await directory.writeText("report.html", page);
  program?.finished({ directory: path, results });
  if (json) {
    out.write(`${JSON.stringify({ directory: path, ...results })}\n`);
    return;
  }
  const isTerminal = (out as NodeJS.WritableStream & { isTTY?: boolean }).isTTY === true;
  out.write(`${pullText(figures, story, paintFor(env, isTerminal))}\n`);
}
