// A LaTeX file beside the data of a figure: draws it with pgfplots at the width of a column, on its own or by \input.
import type { Chart } from "../chart.ts";
import { axisNames } from "./chart-text.ts";
import { ninesTicks } from "./gnuplot-script.ts";
import { paperColour } from "./svg-chart.ts";

const commands: Readonly<Record<string, string>> = {
  "\\": "\\textbackslash{}",
  "^": "\\textasciicircum{}",
  "~": "\\textasciitilde{}",
};

/** As LaTeX prints it. */
const tex = (text: string): string =>
  text
    .replace(/\p{Cc}/gu, "")
    .replace(/[%&#_${}\\^~]/g, (letter) => commands[letter] ?? `\\${letter}`);

function acrossKeys(chart: Chart): string[] {
  switch (chart.x) {
    case "nines": {
      const ticks = ninesTicks(chart);
      return [
        `xtick={${ticks.map(({ at }) => at).join(",")}}`,
        `xticklabels={${ticks.map(({ text }) => tex(text)).join(",")}}`,
      ];
    }
    case "bytes":
      return ["xmode=log", "log basis x=2"];
    case "ms":
    case "rank":
      return ["xmode=log"];
    case "seconds":
    case "pullers":
      return [];
    default:
      return chart.x satisfies never;
  }
}

function upKeys({ logarithmic, y }: Chart): string[] {
  if (logarithmic) return ["ymode=log"];
  return y === "ratio" ? [] : ["ymin=0"];
}

/** Centres of the cells as squares: pgfplots has no boxes of different sizes. Large ones need lualatex. */
const cellPlot = (name: string): string =>
  `\\addplot[scatter, only marks, mark=square*, mark size=0.7pt, point meta={ln(1+\\thisrow{count})}, forget plot, colormap={heat}{color=(white) rgb255=(11,107,181)}, scatter/use mapped color={draw opacity=0,fill=mapped color}] table[col sep=comma, x expr={(\\thisrow{from_second}+\\thisrow{to_second})/2}, y expr={sqrt(\\thisrow{from_ms}*\\thisrow{to_ms})}] {${name}-cells.csv};`;

export function pgfplotsScript(name: string, chart: Chart): string {
  const names = axisNames(chart);
  const first = chart.x === "nines" ? 2 : 1;
  const plots = chart.lines.map(({ label, colour, dashed }, at) => {
    const rgb = paperColour(colour).slice(1).toUpperCase();
    return `\\definecolor{c${at}}{HTML}{${rgb}}
\\addplot[color=c${at}, thick${dashed ? ", dashed" : ""}${chart.x === "bytes" ? ", mark=*, mark size=0.8pt" : ""}, unbounded coords=jump] table[col sep=comma, x index=0, y index=${first + at}] {${name}.csv};
\\addlegendentry{${tex(label)}}`;
  });
  const units = { seconds: " (s)", ms: " (ms)", bytes: " (bytes)" } as Readonly<
    Record<string, string>
  >;
  const keys = [
    "width=\\columnwidth",
    "height=0.68\\columnwidth",
    "grid=major",
    "filter discard warning=false",
    "legend style={draw=none, fill=none, font=\\scriptsize}",
    "legend pos=north west",
    `xlabel={${tex(`${names.x}${units[chart.x] ?? ""}`)}}`,
    `ylabel={${tex(`${names.y}${units[chart.y] ?? ""}`)}}`,
    ...upKeys(chart),
    ...acrossKeys(chart),
  ];
  return `% pdflatex ${name}.tex
\\documentclass[varwidth=8.6cm, border=2pt, 8pt]{standalone}
\\usepackage{pgfplots}
\\pgfplotsset{compat=1.17}
\\begin{document}
\\begin{tikzpicture}
\\begin{axis}[
  ${keys.join(",\n  ")},
]
${[...(chart.cells === undefined ? [] : [cellPlot(name)]), ...plots].join("\n")}
\\end{axis}
\\end{tikzpicture}
\\end{document}
`;
}
