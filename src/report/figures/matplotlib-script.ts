// A Python script beside the data of a figure: draws it with matplotlib as PDF at the width of a column.
import type { Chart } from "../chart.ts";
import { axisNames } from "./chart-text.ts";
import { ninesTicks } from "./gnuplot-script.ts";
import { paperColour } from "./svg-chart.ts";

const python = (value: unknown): string => JSON.stringify(value);
/** Between two dollars matplotlib reads mathematics. */
const plain = (label: string): string => label.replaceAll("$", "\\$");

function acrossAxis(chart: Chart): string[] {
  switch (chart.x) {
    case "nines": {
      const ticks = ninesTicks(chart);
      return [
        `ax.set_xticks(${python(ticks.map(({ at }) => at))})`,
        `ax.set_xticklabels(${python(ticks.map(({ text }) => text))})`,
      ];
    }
    case "bytes":
      return ['ax.set_xscale("log", base=2)'];
    case "ms":
    case "rank":
      return ['ax.set_xscale("log")'];
    case "seconds":
    case "pullers":
      return [];
    default:
      return chart.x satisfies never;
  }
}

function upAxis({ logarithmic, y }: Chart): string[] {
  if (logarithmic) return ['ax.set_yscale("log")'];
  return y === "ratio" ? [] : ["ax.set_ylim(bottom=0)"];
}

const drawCells = (name: string): string[] => [
  "from matplotlib.collections import PolyCollection",
  "import math",
  `with open(os.path.join(here, ${python(`${name}-cells.csv`)})) as file:`,
  "    cells = [tuple(map(float, row)) for row in list(csv.reader(file))[1:]]",
  "boxes = [[(a, c), (b, c), (b, d), (a, d)] for a, b, c, d, n in cells]",
  'heat = PolyCollection(boxes, array=[math.log1p(n) for *_, n in cells], cmap="Blues", linewidths=0)',
  "ax.add_collection(heat)",
];

export function matplotlibScript(name: string, chart: Chart): string {
  const names = axisNames(chart);
  const first = chart.x === "nines" ? 2 : 1;
  const lines = chart.lines.map(({ label, colour, dashed }, at) => [
    first + at,
    plain(label),
    paperColour(colour),
    dashed ? "--" : "-",
  ]);
  const units = { seconds: " (s)", ms: " (ms)", bytes: " (bytes)" } as Readonly<
    Record<string, string>
  >;
  return `# python3 ${name}.py
import csv
import os
import matplotlib
matplotlib.use("Agg")
import matplotlib.pyplot as plt

here = os.path.dirname(os.path.abspath(__file__))
plt.rcParams.update({"font.size": 8, "pdf.fonttype": 42})
with open(os.path.join(here, ${python(`${name}.csv`)})) as file:
    rows = list(csv.reader(file))[1:]


def column(at):
    return [float(row[at]) if row[at] else float("nan") for row in rows]


figure, ax = plt.subplots(figsize=(3.4, 2.3), constrained_layout=True)
${chart.cells === undefined ? "" : `${drawCells(name).join("\n")}\n`}for at, label, colour, style in [
${lines.map(([at, ...rest]) => `    (${at}, ${rest.map(python).join(", ")}),`).join("\n")}
]:
    ax.plot(column(0), column(at), label=label, color=colour, linestyle=style, linewidth=1.2${chart.x === "bytes" ? ', marker="."' : ""})
${[
  ...acrossAxis(chart),
  ...upAxis(chart),
  `ax.set_xlabel(${python(`${names.x}${units[chart.x] ?? ""}`)})`,
  `ax.set_ylabel(${python(`${names.y}${units[chart.y] ?? ""}`)})`,
].join("\n")}
ax.grid(True, linewidth=0.4, color="${paperColour("grid")}")
ax.legend(frameon=False, ncol=2, fontsize=7)
figure.savefig(os.path.join(here, ${python(`${name}.pdf`)}))
`;
}
