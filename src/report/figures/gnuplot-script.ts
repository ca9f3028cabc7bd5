// A gnuplot script beside the data of a figure: draws it as PDF at the width of a column.
import type { Chart } from "../chart.ts";
import { axisNames, placeText } from "./chart-text.ts";
import { paperColour } from "./svg-chart.ts";

/** Column of an IEEE or ACM page, and a height that suits it. */
const SIZE = "8.6cm,5.8cm";

/** Labels may be names of machines and folders. In double quotes, gnuplot has a shell perform what stands in backquotes. */
const quoted = (text: string): string => `"${text.replace(/["\\`]|\p{Cc}/gu, "")}"`;

/** Labels of the axis of nines: gnuplot would show how many nines. */
export const ninesTicks = (chart: Chart): { readonly at: number; readonly text: string }[] =>
  Array.from({ length: Math.floor(chart.at.at(-1) ?? 0) + 1 }, (_, at) => ({
    at,
    text: placeText("nines", at),
  }));

function acrossAxis(chart: Chart): string[] {
  switch (chart.x) {
    case "nines": {
      const ticks = ninesTicks(chart).map(
        ({ at, text }) => `${quoted(text.replace("%", "%%"))} ${at}`,
      );
      return [`set xtics (${ticks.join(", ")})`];
    }
    case "bytes":
      return [
        "set logscale x 2",
        'set format x "%.0b%BB"',
        "set xtics rotate by -35",
        "set rmargin 5",
      ];
    case "ms":
    case "rank":
      return ["set logscale x 10"];
    case "seconds":
    case "pullers":
      return [];
    default:
      return chart.x satisfies never;
  }
}

function upAxis({ logarithmic, y }: Chart): string[] {
  if (logarithmic) return ["set logscale y 10"];
  return y === "ratio" ? [] : ["set yrange [0:*]"];
}

/** Column of the first line: percentiles stand beside their nines. */
const firstColumn = (chart: Chart): number => (chart.x === "nines" ? 3 : 2);

function lineOf({ x, lines }: Chart, at: number): string {
  const line = lines[at];
  const column = firstColumn({ x } as Chart) + at;
  const dash = line?.dashed ? " dt 2" : "";
  return `data using 1:${column} with ${x === "bytes" ? "linespoints pt 7 ps 0.3" : "lines"} lw 1.5 lc rgb ${quoted(paperColour(line?.colour ?? "ink"))}${dash} title ${quoted(line?.label ?? "")}`;
}

export function gnuplotScript(name: string, chart: Chart): string {
  const names = axisNames(chart);
  const units = { seconds: " (s)", ms: " (ms)", bytes: " (bytes)" } as Readonly<
    Record<string, string>
  >;
  const lines = chart.lines.map((_, at) => lineOf(chart, at));
  const cells =
    chart.cells === undefined
      ? []
      : [
          `cells using (($1+$2)/2):(sqrt($3*$4)):1:2:3:4:(log10(1+$5)) with boxxyerror fs solid noborder fc palette notitle`,
        ];
  return `# gnuplot ${name}.gp
set terminal pdfcairo size ${SIZE} font "Helvetica,8"
set output "${name}.pdf"
set datafile separator comma
data = "${name}.csv"
${chart.cells === undefined ? "" : `cells = "${name}-cells.csv"\nset palette defined (0 "#ffffff", 1 "${paperColour("heat")}")\nunset colorbox\n`}set datafile missing ""
set key above
set grid lc rgb "${paperColour("grid")}"
set xlabel ${quoted(`${names.x}${units[chart.x] ?? ""}`)}
set ylabel ${quoted(`${names.y}${units[chart.y] ?? ""}`)}
${[...acrossAxis(chart), ...upAxis(chart)].join("\n")}
set key noautotitle noenhanced
plot ${[...cells, ...lines].join(", \\\n     ").replaceAll(/(data|cells) using/g, "$1 every ::1 using")}
`;
}
