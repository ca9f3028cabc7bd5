import { existsSync } from "node:fs";
import { type RequestFormat, requestFileName, requestFormats } from "../../report/request-file.ts";
import type { RunDirectory } from "../../report/run-directory.ts";
import type { NamedFile } from "./outcome-recording.ts";

const always = [
  { name: "report.html", holds: "figures and plots, one page" },
  { name: "results.json", holds: "figures, for programs" },
  { name: "histograms.hlog", holds: "all latencies, per second" },
  { name: "timeseries.csv", holds: "rates and latencies, per second" },
  { name: "counts.ndjson", holds: "counts, per second, of each operation" },
  { name: "percentiles/", holds: "percentiles of each operation, for HdrHistogram's plotter" },
  { name: "figures/", holds: "every plot as SVG, with data and scripts to draw it anew" },
  { name: "run.json", holds: "what was run, where and how" },
];

/** What every run directory has, by its path. */
export const runFiles = (directory: RunDirectory): NamedFile[] =>
  always.map(({ name, holds }) => ({ name: directory.file(name), holds }));

/** What a run directory has, rows of requests included if they were asked for. */
export function storedFiles(directory: RunDirectory): NamedFile[] {
  const rows = requestFormats
    .map((format: RequestFormat) => directory.file(requestFileName(format)))
    .filter((path) => existsSync(path));
  return [
    ...runFiles(directory),
    ...rows.map((name) => ({ name, holds: "a row per request that was asked for" })),
  ];
}
