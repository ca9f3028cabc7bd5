// What all report pages have in common: one file that needs nothing else, and fetches nothing.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { PageCharts } from "./chart.ts";
import { escaped, type Html, scriptData } from "./html.ts";
import { pageSource } from "./page-source.ts";
import { pageStyle } from "./page-style.ts";

/** Nothing is fetched, whatever a message in the page says. */
const POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'";

/** `body`: everything that is seen. Charts are drawn in the elements whose ids they have. */
export function framedPage({
  title,
  body,
  charts,
}: {
  readonly title: string;
  readonly body: Html;
  readonly charts: PageCharts;
}): Html {
  const plotter = createRequire(import.meta.url);
  const read = (name: string): string => readFileSync(plotter.resolve(name), "utf8");
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<title>${escaped(title)}</title>
<style>${read("uplot/dist/uPlot.min.css")}${pageStyle}</style>
</head>
<body>
${body}
<script>${read("uplot/dist/uPlot.iife.min.js")}</script>
<script>
${pageSource()}
drawPage(${scriptData(charts)}, Object.assign(Object.create(null), {
  document, uPlot,
  getComputedStyle: (element) => getComputedStyle(element),
  matchMedia: (query) => matchMedia(query),
  addEventListener: (type, listener) => addEventListener(type, listener),
  save: (name, type, text) => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], { type }));
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  },
}));
</script>
</body>
</html>
`;
}
