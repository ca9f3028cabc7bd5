// The source text of everything that runs in the page. A function that one of these files does not export is not there in the
// page; so is everything that stands outside of functions.
import * as chartText from "./figures/chart-text.ts";
import * as svgChart from "./figures/svg-chart.ts";
import * as svgScale from "./figures/svg-scale.ts";
import { formatBytes, formatNanos } from "./number-format.ts";
import * as script from "./page-script.ts";
import * as plot from "./plot.ts";

/** Everything that `drawPage` needs, as the text of a script. */
export const pageSource = (): string =>
  [chartText, svgScale, svgChart, plot, script, { formatNanos, formatBytes }]
    .flatMap((part) => Object.values(part))
    .map(String)
    .join("\n");
