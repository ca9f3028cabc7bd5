// report.html of a simulation: hit ratios over cache size, tables, what became of the trace's records.

import type { PolicyName } from "../../plugins/simulations/cache/cache-arguments.ts";
import type { CacheResult } from "../../plugins/simulations/cache/cache-simulation.ts";
import type { CacheRow } from "../../plugins/simulations/cache/measured-cache.ts";
import { twoTierLines } from "../../plugins/simulations/two-tier/two-tier-simulation.ts";
import type { Chart, PageCharts } from "../../report/chart.ts";
import { factList, type Html, htmlTable } from "../../report/html.ts";
import { formatCount, formatDuration } from "../../report/number-format.ts";
import { type PageSection, renderPlainPage } from "../../report/plain-page.ts";
import { recordCounts } from "../replay/record-counts.ts";
import type { SimulationFigures } from "./simulation-figures.ts";
import {
  cacheCells,
  cacheFacts,
  cacheHead,
  hitRatioTable,
  prefetchCells,
  prefetchHead,
  simulationText,
  tierRows,
} from "./simulation-text.ts";

export type SimulationPageContext = {
  readonly command: string;
  readonly facts: readonly (readonly [string, string])[];
};

const plain = (text: string): string => text;
const unpainted = { bold: plain, dim: plain, good: plain, warning: plain, bad: plain };

export function simulationPage(figures: SimulationFigures, context: SimulationPageContext): string {
  const { account, seconds, ending } = figures;
  const verdicts = {
    finished: ["DONE", "good"],
    signal: ["ABORTED", "warning"],
    failed: ["FAILED", "bad"],
  } as const;
  const [verdict, tint] = verdicts[ending];
  return renderPlainPage({
    title: `drayage simulate ${figures.name}`,
    verdict,
    tint,
    when: `${new Date(figures.startedAt).toISOString()}, ${formatDuration(seconds)}`,
    command: context.command,
    reasons: ending === "signal" ? ["interrupted: figures are of the requests until then"] : [],
    numbers: [
      ["requests of the trace", formatCount(account?.kept ?? null)],
      ["time", formatDuration(seconds)],
    ],
    facts: context.facts,
    sections: [...resultSections(figures), ...recordSections(figures)],
    charts: chartsOf(figures),
    footer: "Everything on this page is in results.json beside it.",
  });
}

const rows = (cells: readonly (readonly string[])[]) => cells.map((row) => ({ cells: row }));

function resultSections({ result }: SimulationFigures): PageSection[] {
  if (result.kind !== "shipped") return [returnedSection(simulationText(result, unpainted))];
  const { figures } = result;
  switch (figures.kind) {
    case "cache":
      return cacheSections(figures);
    case "two-tier": {
      const lines = twoTierLines(figures).map((line) => line.split(": "));
      return [
        {
          title: "Figures",
          content: htmlTable(["size of fs tier and figure", "count"], rows(lines), 1),
        },
        { title: "Tiers", content: factList(tierRows(figures)) },
      ];
    }
    case "prefetch":
      return [
        { title: "Time-outs", content: htmlTable(prefetchHead, rows(prefetchCells(figures)), 2) },
      ];
    default:
      return figures satisfies never;
  }
}

const returnedSection = (lines: readonly string[]): PageSection => ({
  title: "Result",
  ...(lines.length === 0
    ? { note: "The plug-in returned nothing; what it printed is not kept here." }
    : { content: returnedList(lines) }),
});

const returnedList = (lines: readonly string[]): Html =>
  factList(
    lines.map((line) => {
      const [, key = "", value = line] = /^([^:]*): (.*)$/s.exec(line) ?? [];
      return [key, value] as const;
    }),
  );

function cacheSections(result: CacheResult): PageSection[] {
  const { head, cells } = hitRatioTable(result);
  const curves: PageSection[] = hasCurve(result)
    ? [
        {
          title: "Hit ratio by cache size",
          note: "Share of the requests whose object was in the cache. A curve per policy; a click on its name hides it.",
          chart: "hit-ratio",
        },
        {
          title: "Byte hit ratio by cache size",
          note: "Share of the requested bytes: what an upstream is spared.",
          chart: "byte-hit-ratio",
        },
      ]
    : [];
  return [
    ...curves,
    { title: "Requests", content: factList(cacheFacts(result)) },
    { title: "Hit ratios", content: htmlTable(head, rows(cells), 1) },
    { title: "All figures", content: htmlTable(cacheHead, rows(cacheCells(result)), 2) },
  ];
}

const recordSections = ({ account }: SimulationFigures): PageSection[] =>
  account === null
    ? []
    : [
        {
          title: "Records of the trace",
          content: factList(
            Object.entries(recordCounts(account)).map(
              ([name, count]) => [name, formatCount(count)] as const,
            ),
          ),
        },
      ];

const lineStyles: Readonly<Record<PolicyName, { colour: string; dashed?: boolean }>> = {
  lru: { colour: "first" },
  lfu: { colour: "second" },
  fifo: { colour: "quiet" },
  arc: { colour: "third" },
  s3fifo: { colour: "bad" },
  sieve: { colour: "second", dashed: true },
  belady: { colour: "ink", dashed: true },
};

const sizesOf = ({ rows: all }: CacheResult): number[] =>
  [...new Set(all.map(({ size }) => size))].filter((size) => size > 0).sort((a, b) => a - b);

const hasCurve = (result: CacheResult): boolean => sizesOf(result).length > 1;

function chartsOf({ result }: SimulationFigures): PageCharts {
  if (result.kind !== "shipped" || result.figures.kind !== "cache") return {};
  const { figures } = result;
  if (!hasCurve(figures)) return {};
  return {
    "hit-ratio": [curves("hit ratio", figures, ({ hitRatio }) => hitRatio)],
    "byte-hit-ratio": [curves("byte hit ratio", figures, ({ byteHitRatio }) => byteHitRatio)],
  };
}

function curves(name: string, result: CacheResult, value: (row: CacheRow) => number | null): Chart {
  const at = sizesOf(result);
  const policies = [...new Set(result.rows.map(({ policy }) => policy))];
  return {
    name,
    x: "bytes",
    y: "share",
    logarithmic: false,
    at,
    lines: policies.map((policy) => ({
      label: policy,
      ...lineStyles[policy],
      values: at.map((size) => {
        const row = result.rows.find((each) => each.policy === policy && each.size === size);
        return row === undefined ? null : value(row);
      }),
    })),
  };
}
