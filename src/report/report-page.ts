import { supportedPercentile } from "../stats/distribution.ts";
import { escaped, factList, type Html } from "./html.ts";
import { machineTable } from "./machines.ts";
import { formatCount, formatNanos, formatRate, formatShare } from "./number-format.ts";
import { pageCharts } from "./page-charts.ts";
import { framedPage } from "./page-frame.ts";
import { chartSections, downSampling } from "./page-sections.ts";
import {
  errorTable,
  latencyTable,
  nodeTable,
  recordedTable,
  requestTable,
  statusTable,
  stepTable,
  threadTable,
  thresholdTable,
} from "./page-tables.ts";
import {
  activeSeconds,
  calibrationFacts,
  lengthText,
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

/** report.html: one file that needs nothing else, below 2 MB for runs of any length. */
export function renderReportPage(figures: RunFigures, context: PageContext): Html {
  const charts = pageCharts(figures, context.timeline);
  const title = `${figures.tool.name} ${figures.verb}`;
  return framedPage({
    title: `${title}: ${verdictText(verdictOf(figures))}`,
    body: `${header(title, figures, context)}
<main>
${thresholdSection(figures)}
${chartSections(figures, context.timeline, charts)}
${tableSections(figures, context)}
${methodSection(figures, context)}
</main>`,
    charts,
  });
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
  const { validity, calibration, totals, paced } = figures;
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
    ["rate", formatRate(rateOver(all.done, activeSeconds(figures)))],
    [`${name} p50`, time(50)],
    [`${name} p99`, time(99)],
    ["sent on time", formatShare(onTimeShare(all))],
    ["validity", validity.verdict],
  ];
  const reasons = validity.reasons.map((reason) => `<li>${escaped(reason)}</li>`).join("");
  return `<header>
<div class="title"><h1>${escaped(title)}</h1><span class="verdict ${tint}">${escaped(verdictText(verdict))}</span></div>
<p class="when">${escaped(new Date(figures.startedAt).toISOString())} · ${escaped(lengthText(figures))}</p>
${reasons === "" ? "" : `<ul class="reasons ${tint}">${reasons}</ul>`}
<dl class="numbers">${numbers.map(([term, text]) => `<div><dt>${escaped(term)}</dt><dd>${escaped(text)}</dd></div>`).join("")}</dl>
<section>${factList([["command", command], ...facts, ...calibrationFacts(calibration)])}</section>
</header>`;
}

function thresholdSection(figures: RunFigures): Html {
  const table = thresholdTable(figures);
  return table === "" ? "" : `<section><h2>Thresholds</h2>${table}</section>`;
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
  return `${section("Machines", machineTable(figures))}
${section("Nodes", nodeTable(figures))}
${section("Latencies", latencyTable(figures))}
${section("Operations", requestTable(figures))}
${section("Steps", stepTable(figures))}
${section("Recorded and replayed", recordedTable(figures))}
${section("Errors by cause", errorTable(figures))}
<div class="pair">${section("Statuses", statusTable(figures))}${section("Generator health", threadTable(figures))}</div>
${section("Counts", factList(run.filter(([, text]) => text !== "")))}
${section("Files", factList(files.map(({ name, holds }) => [name, holds] as const)))}`;
}

const methodSection = (
  { paced }: RunFigures,
  { timeline: { series } }: PageContext,
): Html => `<section><h2>How it was measured</h2>
<p class="note">Every operation (one request, or the few that make up a push) has up to three stamps: when it was <em>due</em> by the plan, when its first byte was <em>sent</em>, and when the last byte of the answer was in (<em>done</em>).
<strong>Response</strong> = done − due: the wait of somebody who came on time. <strong>Service</strong> = done − sent: what the registry took. <strong>Lateness</strong> = sent − due: our own delay.</p>
<p class="note">${
  paced
    ? "Due times come from the plan alone and never wait for answers (open loop). A generator that waits for a slow answer before it sends the next request leaves out exactly the requests that would have suffered: coordinated omission. Here they are sent or counted as late, and response time contains the wait."
    : "This run was a closed loop: the next request was sent when a place was free. Service times of a closed loop leave out the requests that a stall kept from being sent, so they say nothing about what users would have felt at a given rate."
}</p>
<p class="note">Failed operations are counted and timed apart from successes. Times are kept in HdrHistogram buckets of three significant digits (largest error 0.1 %), added up bucket by bucket, never averaged; percentiles that fewer than 10/(1−p) values would have to support are shown as “-”. Clocks are monotonic.</p>
<p class="note">${downSampling(series)}</p>
</section>
<footer>Everything on this page is in results.json, histograms.hlog, counts.ndjson and timeseries.csv beside it. Figures for papers, with their data and scripts, are in figures/.</footer>`;
