// report.html of a pull test: rate and active pullers over time, latency by step, cold against warm.

import { pullsOf } from "../../pull/pull-interval.ts";
import type { RatePoint } from "../../pull/rate-course.ts";
import { factList, htmlTable } from "../../report/html.ts";
import {
  formatBytes,
  formatCount,
  formatDuration,
  formatNanos,
  formatRate,
} from "../../report/number-format.ts";
import { type PageSection, renderPlainPage } from "../../report/plain-page.ts";
import { calibrationFacts } from "../../report/run-figures.ts";
import type { RunTimeline } from "../../report/run-timeline.ts";
import { thresholdCells } from "../../report/thresholds/threshold-cells.ts";
import { supportedPercentile } from "../../stats/distribution.ts";
import { herdHead, herdRows } from "./herd-rows.ts";
import { chartsOf, scalingCharts } from "./pull-charts.ts";
import type { PullFigures } from "./pull-results.ts";
import {
  compareRows,
  errorRows,
  type PullStory,
  requestCells,
  requestHead,
  serverFacts,
  stepCells,
  stepHead,
} from "./pull-text.ts";

export type PullPageContext = {
  readonly story: PullStory;
  readonly command: string;
  readonly facts: readonly (readonly [string, string])[];
  readonly rates: readonly RatePoint[];
  /** Of whole pulls. */
  readonly timeline: RunTimeline;
};

/** Charts that figures/ holds, with what the page calls them. */
export const pullFigureTitles = (
  figures: PullFigures,
  story: PullStory,
): Readonly<Record<string, string>> =>
  Object.fromEntries(
    sectionsOf(figures, story).flatMap(({ chart, title }) =>
      chart === undefined ? [] : [[chart, title]],
    ),
  );

export function pullPage(
  figures: PullFigures,
  { story, command, facts, rates, timeline }: PullPageContext,
): string {
  const pulls = pullsOf(figures.totals);
  const tints = { PASS: "good", FAIL: "bad", ABORTED: "warning", RUNNING: "warning" } as const;
  return renderPlainPage({
    title: "drayage pull",
    verdict: story.verdict.text,
    tint: tints[story.verdict.word],
    when: `${new Date(figures.beganAt).toISOString()}, ${formatDuration(figures.seconds)}`,
    command,
    reasons: [...figures.warnings, ...story.notes],
    numbers: [
      ["pulls", formatCount(pulls.done)],
      ["failed", formatCount(pulls.failed)],
      [
        "highest rate of a step",
        formatRate(Math.max(0, ...figures.steps.map((step) => step.pullsPerSecond))),
      ],
      ["pull p50", formatNanos(supportedPercentile(pulls.total, 50)).replace("us", "µs")],
      ["pull p99", formatNanos(supportedPercentile(pulls.total, 99)).replace("us", "µs")],
      ["bytes", formatBytes(pulls.bytes)],
    ],
    facts: [...facts, ...calibrationFacts(story.calibration)],
    sections: sectionsOf(figures, story),
    charts: chartsOf(figures, { rates, timeline }),
    footer:
      "Everything on this page is in results.json, tally.tsv, steps.tsv and histograms.hlog beside it.",
  });
}

const SCALING_NOTE =
  "The dashed line is what as many pullers would reach if each were as fast as the first one alone. A curve above it says that the first one was slower than those after it: without a cold or warm phase its first pass fills the cache, and what is pulled later is there already. A curve below it says that pullers wait for each other, in the server or here.";

const measuredSection: PageSection = {
  title: "How it was measured",
  note: "A closed loop: a puller begins its next pull when the last one has ended, so these are service times, not response times at a given rate of arrivals. A pull lasts from the first byte of its first manifest request to the last byte of its last blob; probes, pings and prunes are outside. It belongs to the step in which it ends. Failed pulls are counted and timed apart. Bodies are discarded unless they are saved. Times are kept in HdrHistogram buckets of three significant digits and added up bucket by bucket.",
};

/** What pulls have in common with any run. */
const timelineSections: readonly PageSection[] = [
  {
    title: "Latency over time",
    note: "How many pulls took how long, with median, 99th percentile and maximum of each second.",
    chart: "heat",
  },
  {
    title: "Latency by percentile",
    note: "Time of whole pulls, or of one type of request; first byte: until the answer began, of a pull that of its manifest.",
    chart: "curve",
  },
  {
    title: "Pulls in progress",
    note: "Counted, and by Little's law from the rate and the time of pulls.",
    chart: "concurrency",
  },
  { title: "Bytes over time", note: "Received, of whole pulls.", chart: "bytes" },
  {
    title: "The client",
    note: "Event-loop delay of the request worker thread that fared worst.",
    chart: "health",
  },
];

/** Rows of the summary, which is plain ASCII, as pages write times. */
const rows = (table: readonly (readonly string[])[]) =>
  table.map((cells) => ({ cells: cells.map((cell) => cell.replace(/(?<=^[\d.]+)us$/, "µs")) }));

const countSections = (figures: PullFigures): (PageSection | undefined)[] => [
  {
    title: "Requests",
    content: htmlTable(requestHead, rows(figures.totals.classes.map(requestCells)), 1),
  },
  {
    title: "Cache and upstream",
    note: "From counters of the servers; n/a where they do not tell.",
    content: factList(serverFacts(figures.server)),
  },
  figures.errors.length > 0
    ? {
        title: "Errors",
        content: htmlTable(["puller", "kind", "n", "first"], rows(errorRows(figures)), 2),
      }
    : undefined,
  {
    title: "Counts",
    content: factList(
      Object.entries({ ...figures.counts, retries: figures.totals.retries }).map(
        ([name, count]) => [name, formatCount(count)] as const,
      ),
    ),
  },
];

function sectionsOf(figures: PullFigures, { files }: PullStory): PageSection[] {
  const compared = compareRows(figures.comparison);
  const sections: (PageSection | undefined)[] = [
    figures.thresholds.length > 0
      ? {
          title: "Thresholds",
          content: htmlTable(
            ["", "threshold", "actual", "note"],
            rows(figures.thresholds.map(thresholdCells)),
            4,
          ),
        }
      : undefined,
    { title: "Rate over time", note: "Successful pulls per second, and failures.", chart: "rate" },
    scalingCharts(figures.steps).length > 0
      ? {
          title: "Rate against active pullers",
          note: SCALING_NOTE,
          chart: "scaling",
        }
      : undefined,
    {
      title: "Active pullers over time",
      note: "Started and not yet told to stop.",
      chart: "active",
    },
    ...timelineSections,
    {
      title: "Latency by step",
      note: "Time of whole pulls, drawn at the beginning of each step. Percentiles that a step has too few pulls for are left out.",
      chart: "step-latency",
    },
    {
      title: "Rate by step",
      note: "Beside it the rate that as many pullers would reach if each were as fast as the first one alone, and how many of the pulls were the first of their image in this run.",
      chart: "step-rate",
    },
    figures.comparison.length > 0
      ? {
          title: "Cold against warm",
          note: "Time of whole pulls by percentile.",
          chart: "phases",
          content: htmlTable(["", "cold", "warm", "cold/warm"], rows(compared), 1),
        }
      : undefined,
    {
      title: "Steps",
      note: "L: pulls in progress by Little's law. Flag L: the law does not hold within 5 %. Flag C: the client may be the limit.",
      content: htmlTable(stepHead, rows(figures.steps.map(stepCells)), 2),
    },
    figures.end.herds.length > 0
      ? {
          title: "Herds",
          note: "Clients that pulled the same image at the same instant; times since the release.",
          content: htmlTable(herdHead, rows(herdRows(figures.end.herds)), 2),
        }
      : undefined,
    ...countSections(figures),
    measuredSection,
    { title: "Files", content: factList(files.map(({ name, holds }) => [name, holds] as const)) },
  ];
  return sections.filter((section) => section !== undefined);
}
