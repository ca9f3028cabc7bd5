// The page of `trace info`: the twelve parts as tables, and five plots.

import type { Chart, PageCharts } from "../../report/chart.ts";
import { factList, type Html, htmlTable } from "../../report/html.ts";
import {
  formatBytes,
  formatCount,
  formatDuration,
  formatRate,
  formatShare,
} from "../../report/number-format.ts";
import { type PageSection, renderPlainPage } from "../../report/plain-page.ts";
import type { RateBin } from "../../trace/info/arrival-pass.ts";
import type { TraceCurves, TraceDescription } from "../../trace/info/describe-trace.ts";
import type { InfoPart } from "./info-part.ts";
import { infoParts } from "./info-parts.ts";

export type InfoPageContent = {
  readonly description: TraceDescription;
  readonly curves: TraceCurves;
  readonly command: string;
};

/** Points of a curve, so that the page stays small whatever the trace. */
const POINTS_MAX = 800;

export function infoPage({ description, curves, command }: InfoPageContent): string {
  const { rate, files, account, distinct, arrivals } = description;
  const moved = description.sizes
    .filter(({ method }) => method === "GET")
    .reduce((sum, group) => sum + group.sum, 0);
  return renderPlainPage({
    title: "drayage trace info",
    verdict: `${formatCount(account.read)} records`,
    tint: Object.keys(account.broken).length === 0 ? "good" : "warning",
    when:
      rate === null ? "no times" : `${rate.first} to ${rate.last}, ${formatDuration(rate.seconds)}`,
    command,
    reasons: Object.entries(account.broken).map(
      ([reason, count]) => `broken: ${reason} ${formatCount(count)}`,
    ),
    numbers: [
      ["records", formatCount(account.read)],
      ["mean rate", formatRate(rate?.recordsPerSecond ?? null)],
      ["fetched", formatBytes(moved)],
      ["blobs", formatCount(distinct.blobs)],
      ["names", formatCount(distinct.names)],
      ["clients", formatCount(distinct.clients)],
    ],
    facts: [
      ["files", formatCount(files.length)],
      ["kept by a replay", formatShare(account.kept / account.read)],
      ...(arrivals === null
        ? []
        : ([["trace.arrival", `${arrivals.recommended}: ${arrivals.because}`]] as const)),
    ],
    sections: [...plots, ...infoParts(description).map(partSection)],
    charts: chartsOf(description, curves),
    footer:
      "Quantiles are known to within 0.4 %; counts, sums, least and greatest values are exact. All figures: drayage trace info --json.",
  });
}

const plots: readonly PageSection[] = [
  {
    title: "Rate over time",
    note: "Records per second, and those that a replay keeps, by minute; the highest of neighbouring minutes where there are many.",
    chart: "rate",
  },
  {
    title: "Concurrency over time",
    note: "Most kept requests under way at once in each minute, by the trace's own durations.",
    chart: "concurrency",
  },
  { title: "Sizes", note: "Share of the GETs whose object is not larger.", chart: "sizes" },
  {
    title: "Popularity",
    note: "Share of the GETs that the so many most fetched objects take.",
    chart: "popularity",
  },
  {
    title: "Time between requests",
    note: "Share of the times between kept requests that are not longer, by either reading of timestamps.",
    chart: "gaps",
  },
];

function partSection({ title, facts, tables }: InfoPart, index: number): PageSection {
  const shown = tables.filter(({ rows }) => rows.length > 0);
  const content: Html[] = shown.map(({ head, rows, textColumns }) =>
    htmlTable(
      head,
      rows.map((cells) => ({ cells })),
      textColumns,
    ),
  );
  return {
    title: `${index + 1}. ${title}`,
    content: [...(facts.length === 0 ? [] : [factList(facts)]), ...content].join("\n"),
  };
}

function chartsOf({ rate, popularity }: TraceDescription, curves: TraceCurves): PageCharts {
  const minutes = rate === null ? [] : sampled(rate.minutes);
  const first = minutes[0]?.start ?? 0;
  const at = minutes.map(({ start }) => start - first);
  const overTime = { x: "seconds", logarithmic: false, at } as const;
  const perSecond = (records: number): number => Number((records / 60).toPrecision(4));
  return {
    rate: [
      {
        ...overTime,
        name: "rate",
        y: "perSecond",
        lines: [
          {
            label: "all records",
            colour: "quiet",
            filled: true,
            values: minutes.map(({ records }) => perSecond(records)),
          },
          { label: "kept", colour: "first", values: minutes.map(({ kept }) => perSecond(kept)) },
        ],
      },
    ],
    concurrency: [
      {
        ...overTime,
        name: "concurrency",
        y: "count",
        lines: [
          {
            label: "under way",
            colour: "second",
            values: minutes.map(({ concurrency }) => concurrency),
          },
        ],
      },
    ],
    sizes: [
      curveChart({ name: "sizes", x: "bytes" }, [
        { label: "blobs", colour: "first", points: curves.blobSizes },
        { label: "manifests", colour: "second", points: curves.manifestSizes },
      ]),
    ],
    popularity: [
      curveChart({ name: "popularity", x: "rank" }, [
        { label: "blobs", colour: "first", points: popularity.blobs.topShares },
        { label: "manifests", colour: "second", points: popularity.manifests.topShares },
      ]),
    ],
    gaps: [
      curveChart({ name: "gaps", x: "ms" }, [
        { label: "timestamp is the start", colour: "first", points: inMs(curves.gapsByTimestamp) },
        { label: "timestamp is the end", colour: "second", points: inMs(curves.gapsByStart) },
      ]),
    ],
  };
}

type Point = readonly [place: number, share: number];
type Curve = {
  readonly label: string;
  readonly colour: string;
  readonly points: readonly Point[];
};

/** A logarithmic axis has no 0: requests at the same instant stand at its left end. */
const LEAST_MS = 0.001;
const inMs = (points: readonly Point[]): Point[] =>
  points.map(([seconds, share]) => [Math.max(LEAST_MS, seconds * 1000), share]);

/** Curves over common places; each goes from one of its points to the next one. */
function curveChart({ name, x }: Pick<Chart, "name" | "x">, curves: readonly Curve[]): Chart {
  const drawn = curves.filter(({ points }) => points.length > 1);
  const thin = drawn.map((curve) => ({ ...curve, points: thinned(curve.points) }));
  const at = [...new Set(thin.flatMap(({ points }) => points.map(([place]) => place)))].sort(
    (a, b) => a - b,
  );
  const lines = thin.map(({ label, colour, points }) => {
    const shares = new Map(points);
    const end = points.at(-1)?.[0] ?? 0;
    let share: number | null = null;
    const values = at.map((place) => {
      const own = shares.get(place);
      if (own !== undefined) share = Number(own.toPrecision(5));
      return place > end ? null : share;
    });
    return { label, colour, values };
  });
  return { name, x, y: "share", logarithmic: false, at, lines };
}

function thinned(points: readonly Point[]): readonly Point[] {
  const step = Math.ceil(points.length / POINTS_MAX);
  return points.filter((_, place) => place % step === 0 || place === points.length - 1);
}

/** Every minute from the first to the last, neighbours taken together where there are too many. */
function sampled(minutes: readonly RateBin[]): RateBin[] {
  const [first] = minutes;
  const last = minutes.at(-1);
  if (first === undefined || last === undefined) return [];
  const span = (last.start - first.start) / 60 + 1;
  const width = 60 * Math.ceil(span / POINTS_MAX);
  const bins: RateBin[] = Array.from({ length: Math.ceil((span * 60) / width) }, (_, place) => ({
    start: first.start + place * width,
    records: 0,
    kept: 0,
    concurrency: 0,
  }));
  for (const { start, records, kept, concurrency } of minutes) {
    const bin = bins[Math.floor((start - first.start) / width)];
    if (bin === undefined) continue;
    bin.records = Math.max(bin.records, records);
    bin.kept = Math.max(bin.kept, kept);
    bin.concurrency = Math.max(bin.concurrency, concurrency);
  }
  return bins;
}
