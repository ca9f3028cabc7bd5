// The outputs that are made of figures and timeline alone: at the end of a run, or later from stored data.
import { writeFigures } from "./figures/figure-files.ts";
import { pageCharts } from "./page-charts.ts";
import { chartList } from "./page-sections.ts";
import { type NamedDistribution, writePercentiles } from "./percentile-files.ts";
import { type PageContext, renderReportPage } from "./report-page.ts";
import { runResults } from "./results.ts";
import type { RunDirectory } from "./run-directory.ts";
import { overall, type RunFigures } from "./run-figures.ts";

/** percentiles/: of each operation, of all, and our own lateness. */
function percentilesOf({ totals }: RunFigures): NamedDistribution[] {
  const parts = totals.classes.map(({ operation, ...part }) => ({
    name: operation as string,
    part,
  }));
  if (parts.length > 1) parts.unshift({ name: "all", part: overall(totals) });
  return [
    ...parts.flatMap(({ name, part }) => [
      { name: `${name}.response`, distribution: part.response },
      { name: `${name}.service`, distribution: part.service },
      { name: `${name}.ttfb`, distribution: part.ttfb },
      { name: `${name}.transfer`, distribution: part.transfer },
      { name: `${name}.failed-service`, distribution: part.failedService },
    ]),
    { name: "lateness", distribution: totals.lateness },
    { name: "connect", distribution: totals.connect },
  ];
}

/** results.json, report.html, percentiles/ and figures/; what is there is replaced. Throws DrayageError `storage`. */
export async function writeRunOutputs(
  directory: RunDirectory,
  figures: RunFigures,
  context: PageContext,
): Promise<void> {
  await directory.writeJson("results.json", runResults(figures));
  await directory.writeText("report.html", renderReportPage(figures, context));
  writePercentiles(directory.file("percentiles"), percentilesOf(figures));
  const sections = chartList(figures, context.timeline);
  writeFigures(
    directory.file("figures"),
    pageCharts(figures, context.timeline),
    Object.fromEntries(sections.map(({ id, title }) => [id, title])),
  );
}
