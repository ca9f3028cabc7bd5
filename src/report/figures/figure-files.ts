// figures/: every chart of the report as SVG, its data as CSV, and scripts that draw it anew for a paper.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { DrayageError, messageOf } from "../../core/errors.ts";
import { makeFolder } from "../../core/folder.ts";
import type { Chart, PageCharts } from "../chart.ts";
import { cellsCsv, chartCsv } from "./chart-text.ts";
import { gnuplotScript } from "./gnuplot-script.ts";
import { matplotlibScript } from "./matplotlib-script.ts";
import { pgfplotsScript } from "./pgfplots-script.ts";
import { svgChart } from "./svg-chart.ts";

export type FigureTitles = Readonly<Record<string, string>>;

/** Of several charts under one id, the first stands for the figure: all operations together. */
const filesOf = (name: string, title: string, chart: Chart): [string, string][] => [
  [`${name}.svg`, svgChart(chart, title)],
  [`${name}.csv`, chartCsv(chart)],
  ...(chart.cells === undefined
    ? []
    : [[`${name}-cells.csv`, cellsCsv(chart)] satisfies [string, string]]),
  [`${name}.gp`, gnuplotScript(name, chart)],
  [`${name}.py`, matplotlibScript(name, chart)],
  [`${name}.tex`, pgfplotsScript(name, chart)],
];

/** Writes the folder; charts with fewer than two places are left out. Throws DrayageError `storage`. */
export function writeFigures(folder: string, charts: PageCharts, titles: FigureTitles): void {
  try {
    makeFolder(folder);
    for (const [id, [chart]] of Object.entries(charts)) {
      if (chart === undefined || chart.at.length < 2) continue;
      for (const [name, text] of filesOf(id, titles[id] ?? id, chart))
        writeFileSync(join(folder, name), text);
    }
  } catch (error) {
    throw new DrayageError("storage", `cannot write ${folder}: ${messageOf(error)}`, {
      cause: error,
    });
  }
}
