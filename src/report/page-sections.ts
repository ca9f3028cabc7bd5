// The charts of the report page in their order, each with what it shows and how to read it.
import type { Chart, PageCharts } from "./chart.ts";
import { escaped, type Html } from "./html.ts";
import { formatDuration } from "./number-format.ts";
import { inFlightByLaw, type RunFigures } from "./run-figures.ts";
import type { RunTimeline } from "./run-timeline.ts";

type Timeline = Pick<RunTimeline, "series" | "heat">;

/** A chart of the page. `half`: it may stand beside its neighbour. */
type ChartSection = {
  readonly id: string;
  readonly title: string;
  readonly note: string;
  readonly half?: boolean;
};

/** What a point of the course stands for. */
function windowNote({ points, stride }: Timeline["series"]): string {
  const window = points[0] === undefined ? "" : formatDuration(points[0].length / stride);
  return stride > 1
    ? `Each point joins ${stride} windows of ${window}.`
    : `Each point is a window of ${window}.`;
}

/** How the page came to be small. */
export const downSampling = ({ stride }: Timeline["series"]): string =>
  stride > 1
    ? `The course of this run was thinned when the page was written: ${stride} neighbouring windows are one point. Counts are added and rates follow from the sums; means are weighted by time; of latency percentiles and gauges the largest window is kept, so that no peak is lost. The cells of the heatmap are sums. timeseries.csv has every window.`
    : "The course of this run is shown window by window; nothing was thinned. The cells of the heatmap are sums over at most 240 stretches of time.";

function lawNote(figures: RunFigures): string {
  const law = inFlightByLaw(figures);
  const { meanInFlight = null } = figures;
  if (law === null || meanInFlight === null) return "";
  const [seen, told] = [meanInFlight, law].map((mean) => mean.toPrecision(3));
  return ` Little's law over the whole run: rate × mean service time gives ${told}; samples that know nothing of stamps give ${seen}. The samples are few beside short operations: 20 to 100 a second.`;
}

/** All of them; which ones a run has depends on what was measured. */
export function chartList(figures: RunFigures, { series }: Timeline): ChartSection[] {
  const { paced } = figures;
  const measure = paced ? "Response" : "Service";
  const window = windowNote(series);
  const latency = paced
    ? "Response time is counted from when an operation was due, so a stall shows for everything that was due meanwhile."
    : "Nothing had a due time in this run, so there is no response time; service time is counted from sending.";
  return [
    {
      id: "curve",
      title: "Latency by percentile",
      note: `${latency} The axis stretches the tail: each step to the right leaves a tenth of the operations. A curve ends where fewer than ten values remain above it.`,
    },
    {
      id: "heat",
      title: `${measure} time over time`,
      note: `How many successes of each stretch of time took how long: the stronger the colour, the more, by the logarithm of their number. Lines: median, 99th percentile and maximum of each window; a percentile that a window has too few values for is left out. ${window}`,
    },
    {
      id: "throughput",
      title: "Throughput against target",
      note: `Operations per second: done, sent, and planned where they had due times. ${window}`,
    },
    {
      id: "lateness",
      title: "Schedule lateness",
      note: "How late operations were sent: the generator's own doing, or for want of a free place.",
      half: true,
    },
    {
      id: "lateness-curve",
      title: "Lateness by percentile",
      note: "All operations that had a due time, failures included.",
      half: true,
    },
    {
      id: "concurrency",
      title: "Concurrency",
      note: `Operations under way.${lawNote(figures)}`,
    },
    {
      id: "cdf",
      title: "Distribution of latency",
      note: "Share of the successes that took at most so long.",
      half: true,
    },
    {
      id: "errors",
      title: "Errors",
      note: "Failed operations per second.",
      half: true,
    },
    {
      id: "phases",
      title: "Latency by phase",
      note: "Connect: until a connection stood, of those opened before the start and of operations that had to open one. First byte: from sending, connecting included. Transfer: from the first byte to the last.",
      half: true,
    },
    {
      id: "sizes",
      title: "Latency by size",
      note: "Service time of successes by the size of their body. Each point takes the sizes from its place up to four times as many bytes; bodies without a byte stand at 1 B.",
      half: true,
    },
    {
      id: "nodes",
      title: "Latency by node",
      note: `${measure} time of each node of the run; the first eight.`,
    },
    {
      id: "health",
      title: "Generator: event loop",
      note: "Largest event-loop delay of each window, of the request worker thread that fared worst.",
      half: true,
    },
    {
      id: "load",
      title: "Generator: processor",
      note: "Share of the time that the busiest request worker thread worked, and that collecting garbage took.",
      half: true,
    },
    {
      id: "bytes",
      title: "Bytes",
      note: "Bodies received and sent per second, failed transfers included.",
    },
  ];
}

const isDrawn = (charts: readonly Chart[] | undefined): boolean =>
  charts?.some(({ at }) => at.length > 0) === true;

const sectionHtml = ({ id, title, note }: ChartSection): Html =>
  `<section aria-labelledby="${id}-title"><h2 id="${id}-title">${escaped(title)}</h2>
<p class="note">${escaped(note)}</p><div id="${id}" role="group" aria-labelledby="${id}-title"></div></section>`;

/** Nothing where a chart has no line. Halves that follow each other stand side by side where there is room. */
export function chartSections(figures: RunFigures, timeline: Timeline, charts: PageCharts): Html {
  const parts: string[] = [];
  let halves: string[] = [];
  const closeHalves = (): void => {
    if (halves.length > 0) parts.push(`<div class="pair">${halves.join("\n")}</div>`);
    halves = [];
  };
  for (const section of chartList(figures, timeline)) {
    if (!isDrawn(charts[section.id])) continue;
    if (section.half === true) {
      halves.push(sectionHtml(section));
      continue;
    }
    closeHalves();
    parts.push(sectionHtml(section));
  }
  closeHalves();
  return parts.join("\n");
}
