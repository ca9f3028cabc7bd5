import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { supportedPercentile } from "../stats/distribution.ts";
import { escaped, factList, type Html, scriptData } from "./html.ts";
import {
  formatCount,
  formatDuration,
  formatNanos,
  formatRate,
  formatShare,
} from "./number-format.ts";
import { pageCharts } from "./page-charts.ts";
import { pageScript } from "./page-script.ts";
import { pageStyle } from "./page-style.ts";
import {
  errorTable,
  latencyTable,
  requestTable,
  statusTable,
  threadTable,
  thresholdTable,
} from "./page-tables.ts";
import {
  onTimeShare,
  overall,
  type RunFigures,
  rateOver,
  type Verdict,
  verdictOf,
  verdictText,
} from "./run-figures.ts";
import type { RunTimeline } from "./run-timeline.ts";

/** What the page tells besides the figures. Secrets are already taken out. */
export type PageContext = {
  /** As typed. */
  readonly command: string;
  /** Plan, target, machine, seed, traces: name and text. */
  readonly facts: readonly (readonly [string, string])[];
  readonly files: readonly { readonly name: string; readonly holds: string }[];
  /** How the run went over time. */
  readonly timeline: Pick<RunTimeline, "series" | "heat">;
};

/** Nothing is fetched, whatever a message in the page says. */
const POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'";

/** report.html: one file that needs nothing else, below 2 MB for runs of any length. */
export function renderReportPage(figures: RunFigures, context: PageContext): Html {
  const plotter = createRequire(import.meta.url);
  const read = (name: string): string => readFileSync(plotter.resolve(name), "utf8");
  const charts = pageCharts(figures, context.timeline.series.points);
  const title = `${figures.tool.name} ${figures.verb}`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<title>${escaped(`${title}: ${verdictText(verdictOf(figures))}`)}</title>
<style>${read("uplot/dist/uPlot.min.css")}${pageStyle}</style>
</head>
<body>
${header(title, figures, context)}
<main>
${thresholdSection(figures)}
${chartSections(figures, context, charts)}
${tableSections(figures, context)}
${methodSection(figures)}
</main>
<script>${read("uplot/dist/uPlot.iife.min.js")}</script>
<script>
${pageScript()}
drawPage(${scriptData(charts)}, Object.assign(Object.create(null), {
  document, uPlot,
  getComputedStyle: (element) => getComputedStyle(element),
  matchMedia: (query) => matchMedia(query),
  addEventListener: (type, listener) => addEventListener(type, listener),
}));
</script>
</body>
</html>
`;
}

function verdictClass({ word }: Verdict, { validity }: RunFigures): string {
  switch (word) {
    case "PASS":
      return validity.verdict === "ok" ? "good" : "warning";
    case "ABORTED":
    case "RUNNING":
      return "warning";
    case "FAIL":
    case "INVALID":
      return "bad";
    default:
      return word satisfies never;
  }
}

function header(title: string, figures: RunFigures, { command, facts }: PageContext): Html {
  const { validity, calibration, seconds, totals, paced } = figures;
  const verdict = verdictOf(figures);
  const tint = verdictClass(verdict, figures);
  const all = overall(totals);
  const latency = paced ? all.response : all.service;
  const name = paced ? "response" : "service";
  const time = (percent: number): string =>
    formatNanos(supportedPercentile(latency, percent)).replace("us", "µs");
  const numbers: [string, string][] = [
    ["operations done", formatCount(all.done)],
    ["failed", formatCount(all.failed)],
    ["rate", formatRate(rateOver(all.done, seconds))],
    [`${name} p50`, time(50)],
    [`${name} p99`, time(99)],
    ["sent on time", formatShare(onTimeShare(all))],
    ["validity", validity.verdict],
  ];
  const expected: [string, string][] =
    calibration === null ? [] : [["calibration", calibration.note]];
  const reasons = validity.reasons.map((reason) => `<li>${escaped(reason)}</li>`).join("");
  return `<header>
<div class="title"><h1>${escaped(title)}</h1><span class="verdict ${tint}">${escaped(verdictText(verdict))}</span></div>
<p class="when">${escaped(new Date(figures.startedAt).toISOString())} · ${escaped(formatDuration(seconds))}</p>
${reasons === "" ? "" : `<ul class="reasons ${tint}">${reasons}</ul>`}
<dl class="numbers">${numbers.map(([term, text]) => `<div><dt>${escaped(term)}</dt><dd>${escaped(text)}</dd></div>`).join("")}</dl>
<section>${factList([["command", command], ...facts, ...expected])}</section>
</header>`;
}

function thresholdSection(figures: RunFigures): Html {
  const table = thresholdTable(figures);
  return table === "" ? "" : `<section><h2>Thresholds</h2>${table}</section>`;
}

type Charts = ReturnType<typeof pageCharts>;
type Section = { readonly id: string; readonly title: string; readonly note: string };

/** Nothing where the chart has no line. */
function chartSection({ id, title, note }: Section, charts: Charts): Html {
  if ((charts[id]?.length ?? 0) === 0) return "";
  return `<section aria-labelledby="${id}-title"><h2 id="${id}-title">${escaped(title)}</h2>
<p class="note">${escaped(note)}</p><div id="${id}" role="group" aria-labelledby="${id}-title"></div></section>`;
}

function chartSections(
  { paced }: RunFigures,
  { timeline: { series } }: PageContext,
  charts: Charts,
): Html {
  const { points, stride } = series;
  const window = points[0] === undefined ? "" : formatDuration(points[0].length / stride);
  const joined =
    stride > 1
      ? ` Each point joins ${stride} windows of ${window}: rates are averaged, of latencies the largest window is shown.`
      : ` Each point is a window of ${window}.`;
  const section = (id: string, title: string, note: string): Html =>
    chartSection({ id, title, note }, charts);
  const latencyNote = paced
    ? "Response time is counted from when an operation was due, so a stall shows for everything that was due meanwhile."
    : "Nothing had a due time in this run, so there is no response time; service time is counted from sending.";
  return `${section(
    "curve",
    "Latency by percentile",
    `${latencyNote} The axis stretches the tail: each step to the right leaves a tenth of the operations. A curve ends where fewer than ten values remain above it.`,
  )}
${section("throughput", "Throughput", `Operations per second.${joined}`)}
${section("latency", `${paced ? "Response" : "Service"} time`, `Successes that ended in each window; a percentile that a window has too few of is left out.${joined}`)}
<div class="pair">${section("lateness", "Schedule lateness", "How late operations were sent: the generator's own doing, or for want of a free place.")}${section("lateness-curve", "Lateness by percentile", "All operations that had a due time, failures included.")}</div>
<div class="pair">${section("errors", "Errors", "Failed operations per second.")}${section("concurrency", "Concurrency", "Operations under way at the end of each window.")}</div>
${section("bytes", "Bytes", "Bodies received and sent per second, failed transfers included.")}`;
}

function tableSections(figures: RunFigures, { files }: PageContext): Html {
  const section = (title: string, content: Html): Html =>
    content === "" ? "" : `<section><h2>${title}</h2>${content}</section>`;
  const counts = (list: Readonly<Record<string, number>>): string =>
    Object.entries(list)
      .filter(([, count]) => count > 0)
      .map(([name, count]) => `${name} ${formatCount(count)}`)
      .join(", ");
  const run: (readonly [string, string])[] = [
    ["tool", `${figures.tool.name} ${figures.tool.version}`],
    ["trace records", counts(figures.records)],
    ["skipped", counts(figures.skipped)],
    ["besides", counts(figures.besides)],
    ["retries", formatCount(figures.totals.retries)],
  ];
  return `${section("Latencies", latencyTable(figures))}
${section("Operations", requestTable(figures))}
${section("Errors by cause", errorTable(figures))}
<div class="pair">${section("Statuses", statusTable(figures))}${section("Generator health", threadTable(figures))}</div>
${section("Counts", factList(run.filter(([, text]) => text !== "")))}
${section("Files", factList(files.map(({ name, holds }) => [name, holds] as const)))}`;
}

const methodSection = ({ paced }: RunFigures): Html => `<section><h2>How it was measured</h2>
<p class="note">Every operation (one request, or the few that make up a push) has up to three stamps: when it was <em>due</em> by the plan, when its first byte was <em>sent</em>, and when the last byte of the answer was in (<em>done</em>).
<strong>Response</strong> = done − due: what a user would have felt. <strong>Service</strong> = done − sent: what the registry took. <strong>Lateness</strong> = sent − due: our own delay.</p>
<p class="note">${
  paced
    ? "Due times come from the plan alone and never wait for answers (open loop). A generator that waits for a slow answer before it sends the next request leaves out exactly the requests that would have suffered: coordinated omission. Here they are sent or counted as late, and response time contains the wait."
    : "This run was a closed loop: the next request was sent when a place was free. Service times of a closed loop leave out the requests that a stall kept from being sent, so they say nothing about what users would have felt at a given rate."
}</p>
<p class="note">Failed operations are counted and timed apart from successes. Times are kept in HdrHistogram buckets of three significant digits (largest error 0.1 %), added up bucket by bucket, never averaged; percentiles that fewer than 10/(1−p) values would have to support are shown as “-”. Clocks are monotonic.</p>
</section>
<footer>Everything on this page is in results.json, histograms.hlog and timeseries.csv beside it.</footer>`;
