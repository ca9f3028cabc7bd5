// A chart as SVG, without a browser: for figures/ and for what the page exports. The report page carries the source of these
// functions: see chart-text.ts for what that forbids.
import type { Chart } from "../chart.ts";
import { axisNames } from "./chart-text.ts";
import { acrossScale, type SvgScale, type SvgSpan, upScale } from "./svg-scale.ts";

/** Colours of paper: the light ones of the page. */
export function paperColour(name: string): string {
  const colours: Record<string, string> = {
    ink: "#1d232b",
    muted: "#5d6773",
    grid: "#e6e8eb",
    first: "#0b6bb5",
    second: "#c9540a",
    third: "#0a8f6a",
    fourth: "#8a4fb5",
    quiet: "#a9b1bb",
    bad: "#c02a3c",
    heat: "#0b6bb5",
  };
  return colours[name] ?? "#1d232b";
}

export function svgEscaped(text: string): string {
  return text.replace(/[&<>"]/g, (letter) => `&#${letter.charCodeAt(0)};`);
}

/** Two decimals are a hundredth of a pixel. */
export function pixel(value: number): string {
  return String(Number(value.toFixed(2)));
}

/** The line as one path; a gap begins a new part, and a lone value becomes a short dash. */
export function linePath(
  at: readonly number[],
  values: readonly (number | null)[],
  scales: { readonly x: SvgScale; readonly y: SvgScale },
): string {
  const parts: string[] = [];
  let open = false;
  at.forEach((place, index) => {
    const value = values[index] ?? null;
    const drawn = value !== null && (scales.y.low === 0 || value > 0);
    if (drawn) {
      const point = `${pixel(scales.x.to(place))} ${pixel(scales.y.to(value))}`;
      parts.push(open ? `L${point}` : `M${point}h.01`);
    }
    open = drawn;
  });
  return parts.join("");
}

/** How full a cell is, from 0 to 1: by the logarithm, so that the few slow ones are seen beside the many fast. */
export function cellShade(count: number, most: number): number {
  return 0.1 + (0.9 * Math.log1p(count)) / Math.log1p(most);
}

export function mostInCells(counts: readonly (readonly number[])[]): number {
  let most = 1;
  for (const column of counts) {
    for (let pair = 1; pair < column.length; pair += 2)
      most = Math.max(most, column[pair] as number);
  }
  return most;
}

/** Cells of the same shade are one path: some hundred bytes a column instead of as many per cell. */
export function cellPaths(
  chart: Chart,
  scales: { readonly x: SvgScale; readonly y: SvgScale },
): string {
  const { cells } = chart;
  if (cells === undefined) return "";
  const most = mostInCells(cells.counts);
  const levels = 16;
  const paths: string[][] = Array.from({ length: levels + 1 }, () => []);
  cells.counts.forEach((column, at) => {
    const left = scales.x.to(cells.columns[at] as number);
    const right = scales.x.to(cells.columns[at + 1] as number);
    for (let pair = 0; pair < column.length; pair += 2) {
      const row = column[pair] as number;
      const top = scales.y.to(cells.rows[row + 1] as number);
      const bottom = scales.y.to(Math.max(cells.rows[row] as number, scales.y.low));
      const level = Math.round(cellShade(column[pair + 1] as number, most) * levels);
      const box = `M${pixel(left)} ${pixel(top)}H${pixel(right)}V${pixel(bottom)}H${pixel(left)}z`;
      paths[level]?.push(box);
    }
  });
  return paths
    .map((boxes, level) =>
      boxes.length === 0
        ? ""
        : `<path d="${boxes.join("")}" fill="${paperColour("heat")}" fill-opacity="${pixel(level / levels)}"/>`,
    )
    .join("\n");
}

export function svgAxes(
  chart: Chart,
  scales: { readonly x: SvgScale; readonly y: SvgScale },
  box: {
    readonly left: number;
    readonly right: number;
    readonly top: number;
    readonly bottom: number;
  },
): string {
  const { left, right, top, bottom } = box;
  const grid = paperColour("grid");
  const names = axisNames(chart);
  const across = scales.x.ticks.map(({ at, text }) => {
    const x = pixel(scales.x.to(at));
    return `<path d="M${x} ${top}V${bottom}" stroke="${grid}"/><text x="${x}" y="${bottom + 16}" text-anchor="middle">${svgEscaped(text)}</text>`;
  });
  const up = scales.y.ticks.map(({ at, text }) => {
    const y = pixel(scales.y.to(at));
    return `<path d="M${left} ${y}H${right}" stroke="${grid}"/><text x="${left - 6}" y="${y}" dy=".35em" text-anchor="end">${svgEscaped(text)}</text>`;
  });
  const middle = pixel((left + right) / 2);
  const centre = pixel((top + bottom) / 2);
  return `${across.join("\n")}
${up.join("\n")}
<path d="M${left} ${top}V${bottom}H${right}" fill="none" stroke="${paperColour("muted")}"/>
<text x="${middle}" y="${bottom + 34}" text-anchor="middle">${svgEscaped(names.x)}</text>
<text transform="translate(14 ${centre}) rotate(-90)" text-anchor="middle">${svgEscaped(names.y)}</text>`;
}

/** Where the names of lines stand: one beside the other, in as many rows as they need. */
export function legendPlaces(
  labels: readonly string[],
  span: SvgSpan,
): { readonly x: number; readonly row: number }[] {
  let x = span.from;
  let row = 0;
  return labels.map((label) => {
    const text = 23 + label.length * 6.6;
    if (x > span.from && x + text > span.to) {
      x = span.from;
      row++;
    }
    const place = { x, row };
    x += text + 11;
    return place;
  });
}

export function svgLegend(
  chart: Chart,
  places: readonly { readonly x: number; readonly row: number }[],
): string {
  return chart.lines
    .map((line, index) => {
      const x = places[index]?.x ?? 0;
      const y = 34 + 16 * (places[index]?.row ?? 0);
      const dash = line.dashed ? ' stroke-dasharray="6 4"' : "";
      return `<path d="M${pixel(x)} ${y}h18" stroke="${paperColour(line.colour)}" stroke-width="2"${dash}/><text x="${pixel(x + 23)}" y="${y + 4}">${svgEscaped(line.label)}</text>`;
    })
    .join("\n");
}

/** A complete SVG file. */
export function svgChart(chart: Chart, title: string): string {
  const width = 640;
  const [left, right] = [74, width - 18];
  const legend = legendPlaces(
    chart.lines.map(({ label }) => label),
    { from: left, to: right },
  );
  const top = 50 + 16 * (legend[legend.length - 1]?.row ?? 0);
  const height = 330 + top;
  const box = { left, right, top, bottom: height - 48 };
  const x = acrossScale(chart, { from: box.left, to: box.right });
  const y = upScale(chart, { from: box.bottom, to: box.top });
  const scales = { x, y };
  const lines = chart.lines.map((line) => {
    const path = linePath(chart.at, line.values, scales);
    const dash = line.dashed ? ' stroke-dasharray="6 4"' : "";
    return `<path d="${path}" fill="none" stroke="${paperColour(line.colour)}" stroke-width="${line.width ?? 1.75}" stroke-linejoin="round" stroke-linecap="round"${dash}/>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" font-family="Helvetica, Arial, sans-serif" font-size="12" fill="${paperColour("ink")}" role="img">
<title>${svgEscaped(title)}</title>
<rect width="${width}" height="${height}" fill="#fff"/>
<text x="${box.left}" y="20" font-size="14" font-weight="bold">${svgEscaped(title)}</text>
${svgLegend(chart, legend)}
${svgAxes(chart, scales, box)}
${cellPaths(chart, scales)}
${lines.join("\n")}
</svg>
`;
}
