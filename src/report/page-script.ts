// What the report page does in the browser. The page carries the source text of what this file exports: see page-source.ts.

import type { Browser, PageElement, Plot } from "./browser.ts";
import type { Chart, PageCharts } from "./chart.ts";
import { axisNames, cellsCsv, chartCsv, placeText, valueText } from "./figures/chart-text.ts";
import { svgChart } from "./figures/svg-chart.ts";
import { drawChart } from "./plot.ts";

/** Draws every chart, and again whenever the colours change. */
export function drawPage(charts: PageCharts, browser: Browser): void {
  const redraws: (() => void)[] = [];
  for (const [id, variants] of Object.entries(charts)) {
    const place = browser.document.getElementById(id);
    if (place !== null) redraws.push(showChart(id, variants, { place, browser }));
  }
  const redrawAll = (): void => {
    for (const redraw of redraws) redraw();
  };
  const root = browser.document.documentElement;
  browser.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redrawAll);
  let width = root.clientWidth;
  browser.addEventListener("resize", () => {
    // On a phone the height changes with every scroll; charts have a height of their own.
    if (root.clientWidth === width) return;
    width = root.clientWidth;
    redrawAll();
  });
  // Charts are pictures and know nothing of print styles: they are drawn anew on paper's terms.
  browser.addEventListener("beforeprint", () => {
    root.setAttribute("data-paper", "yes");
    redrawAll();
  });
  browser.addEventListener("afterprint", () => {
    root.setAttribute("data-paper", "no");
    redrawAll();
  });
}

/** One chart in its place, with a choice above it if there are several. Returns what draws it anew. */
export function showChart(
  id: string,
  variants: readonly Chart[],
  { place, browser }: { readonly place: PageElement; readonly browser: Browser },
): () => void {
  const make = (tag: string): PageElement => browser.document.createElement(tag);
  const canvas = make("div");
  const shown: { chart: Chart | undefined; plot: Plot | undefined } = {
    chart: variants[0],
    plot: undefined,
  };
  const table = valueTable(() => shown.chart, browser);
  const redraw = (): void => {
    shown.plot?.destroy();
    shown.plot = undefined;
    canvas.innerHTML = "";
    if (shown.chart === undefined || shown.chart.at.length < 2) {
      canvas.textContent = "Too few values to draw.";
      return;
    }
    shown.plot = drawChart(shown.chart, canvas, browser);
  };
  const tools = make("div");
  tools.className = "tools";
  if (variants.length > 1) {
    const choice = choiceOf(variants, browser);
    choice.addEventListener("change", () => {
      shown.chart = variants[Number(choice.value)];
      redraw();
      table.refresh();
    });
    tools.append(choice);
  }
  tools.append(...exportButtons(id, () => shown.chart, browser));
  place.append(tools, canvas, readout(canvas, shown, browser), table.element);
  redraw();
  return redraw;
}

export function choiceOf(variants: readonly Chart[], browser: Browser): PageElement {
  const choice = browser.document.createElement("select");
  choice.setAttribute("aria-label", "operation");
  variants.forEach(({ name }, index) => {
    const option = browser.document.createElement("option");
    option.value = String(index);
    option.textContent = name;
    choice.append(option);
  });
  return choice;
}

/** SVG and CSV of what is shown, as files. */
export function exportButtons(
  id: string,
  shown: () => Chart | undefined,
  browser: Browser,
): PageElement[] {
  const button = (text: string, does: string, action: (chart: Chart) => void): PageElement => {
    const element = browser.document.createElement("button");
    element.setAttribute("type", "button");
    element.setAttribute("title", does);
    element.textContent = text;
    element.addEventListener("click", () => {
      const chart = shown();
      if (chart !== undefined && chart.at.length > 0) action(chart);
    });
    return element;
  };
  const nameOf = (chart: Chart): string => `${id}-${chart.name}`.replace(/[^A-Za-z0-9.-]+/g, "-");
  return [
    button("SVG", "save this chart as a picture", (chart) => {
      browser.save(
        `${nameOf(chart)}.svg`,
        "image/svg+xml",
        svgChart(chart, `${id}: ${chart.name}`),
      );
    }),
    button("CSV", "save the values of this chart", (chart) => {
      browser.save(`${nameOf(chart)}.csv`, "text/csv", chartCsv(chart));
    }),
    ...(shown()?.cells === undefined
      ? []
      : [
          button("Cells", "save the cells of this heatmap as CSV", (chart) => {
            browser.save(`${nameOf(chart)}-cells.csv`, "text/csv", cellsCsv(chart));
          }),
        ]),
  ];
}

/** Lets the arrow keys walk along a chart, and says what stands there. */
export function readout(
  canvas: PageElement,
  shown: { readonly chart: Chart | undefined; readonly plot: Plot | undefined },
  browser: Browser,
): PageElement {
  const status = browser.document.createElement("p");
  status.className = "readout";
  status.setAttribute("role", "status");
  canvas.tabIndex = 0;
  canvas.setAttribute("role", "application");
  canvas.setAttribute("aria-label", "chart: read its values with the arrow keys, Home and End");
  let at = -1;
  canvas.addEventListener("keydown", (event) => {
    const { chart, plot } = shown;
    if (chart === undefined || plot === undefined) return;
    const last = chart.at.length - 1;
    const page = Math.max(1, Math.round(last / 20));
    const to: Record<string, number> = {
      ArrowRight: at + 1,
      ArrowLeft: at - 1,
      PageDown: at + page,
      PageUp: at - page,
      Home: 0,
      End: last,
    };
    const next = to[event.key];
    if (next === undefined) return;
    event.preventDefault();
    at = Math.min(last, Math.max(0, next));
    const place = chart.at[at] as number;
    const first = chart.lines.find(({ values }) => (values[at] ?? null) !== null);
    const top = first === undefined ? 0 : plot.valToPos(first.values[at] as number, "y");
    plot.setCursor({ left: plot.valToPos(place, "x"), top });
    const texts = chart.lines.map(
      ({ label, values }) => `${label} ${valueText(chart.y, values[at] ?? null)}`,
    );
    status.textContent = `${placeText(chart.x, place)}: ${texts.join(", ")}`;
  });
  return status;
}

/** The values of a chart as a table, made when it is opened: at most 100 rows, evenly spread. */
export function valueTable(
  shown: () => Chart | undefined,
  browser: Browser,
): { readonly element: PageElement; readonly refresh: () => void } {
  const element = browser.document.createElement("details");
  const summary = browser.document.createElement("summary");
  summary.textContent = "values as a table";
  const body = browser.document.createElement("div");
  element.append(summary, body);
  const cell = (tag: string, text: string): string =>
    `<${tag}>${text.replace(/[&<>]/g, (letter) => `&#${letter.charCodeAt(0)};`)}</${tag}>`;
  const refresh = (): void => {
    const chart = shown();
    if (element.open !== true || chart === undefined) {
      body.innerHTML = "";
      return;
    }
    const stride = Math.max(1, Math.ceil(chart.at.length / 100));
    const head = [axisNames(chart).x, ...chart.lines.map(({ label }) => label)];
    const rows = chart.at.map((place, at) =>
      at % stride > 0
        ? ""
        : `<tr>${cell("th", placeText(chart.x, place))}${chart.lines
            .map(({ values }) => cell("td", valueText(chart.y, values[at] ?? null)))
            .join("")}</tr>`,
    );
    const note =
      stride > 1 ? `<p class="note">Every ${stride}th value; CSV has all of them.</p>` : "";
    body.innerHTML = `${note}<table><thead><tr>${head.map((text) => cell("th", text)).join("")}</tr></thead><tbody>${rows.join("")}</tbody></table>`;
  };
  element.addEventListener("toggle", refresh);
  return { element, refresh };
}
