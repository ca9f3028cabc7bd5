// The page of a comparison: the same style, charts and promises as that of a run.
import type { Html } from "../html.ts";
import { factList, htmlTable } from "../html.ts";
import { formatCount, formatRate } from "../number-format.ts";
import { type PageSection, renderPlainPage } from "../plain-page.ts";
import { compareCharts } from "./compare-charts.ts";
import type { ComparedCurve, ComparedSide, Comparison } from "./compare-runs.ts";
import { basisSentence, rowCells, rowHeads } from "./comparison-text.ts";

export type ComparePageContext = {
  readonly tool: string;
  /** As typed. */
  readonly command: string;
  readonly curves: readonly ComparedCurve[];
  /** When it was made, ms since the epoch. */
  readonly at: number;
  /** Limits of --fail-on that were passed. */
  readonly failed: readonly string[];
};

const tints = { worse: "bad", better: "good", same: "good", inconclusive: "warning" } as const;

export function comparePage(comparison: Comparison, context: ComparePageContext): Html {
  const { verdict, a, b } = comparison;
  return renderPlainPage({
    title: `${context.tool} compare`,
    verdict: `B is ${verdict === "same" ? "the same as" : verdict === "inconclusive" ? "not told apart from" : `${verdict} than`} A`,
    tint: tints[verdict],
    when: new Date(context.at).toISOString(),
    command: context.command,
    reasons: context.failed.map((text) => `regression: ${text}`),
    numbers: [],
    facts: [
      ["A", a.directories.join(", ")],
      ["B", b.directories.join(", ")],
    ],
    sections: sectionsOf(comparison),
    charts: compareCharts(context.curves),
    footer:
      "Made from histograms.hlog and counts.ndjson of the runs. A percentile that fewer than 10/(1−p) values would have to support is left out.",
  });
}

function sectionsOf(comparison: Comparison): PageSection[] {
  const { rows, a, b, dissimilarities, leftOut } = comparison;
  const sections: (PageSection | undefined)[] = [
    {
      title: "Differences",
      note: basisSentence(comparison),
      content: htmlTable(
        rowHeads,
        rows.map((row) => ({ cells: rowCells(row).map((cell) => cell.replace(/us$/, "µs")) })),
        3,
      ),
    },
    dissimilarities.length === 0
      ? undefined
      : {
          title: "Not the same in both",
          note: "Besides what was to be compared; each may explain a difference.",
          content: htmlTable(
            ["", "A", "B"],
            dissimilarities.map(({ what, a: one, b: other }) => ({ cells: [what, one, other] })),
            3,
          ),
        },
    {
      title: "Latency by percentile",
      note: "Histograms of all runs of a side added up. The axis stretches the tail: each step to the right leaves a tenth of the operations.",
      chart: "overlay",
    },
    {
      title: "Ratio by percentile",
      note: "B / A: above 1, B is slower.",
      chart: "ratio",
    },
    {
      title: "Both sides",
      content: htmlTable(
        ["", "runs", "done", "failed", "rate"],
        [sideRow("A", a), sideRow("B", b)],
        1,
      ),
    },
    leftOut.length === 0
      ? undefined
      : {
          title: "Left out",
          note: "On one side only, or with too few values.",
          content: factList(leftOut.map((operation) => [operation, ""] as const)),
        },
  ];
  return sections.filter((section) => section !== undefined);
}

const sideRow = (name: string, { directories, done, failed, perSecond }: ComparedSide) => ({
  cells: [
    name,
    formatCount(directories.length),
    formatCount(done),
    formatCount(failed),
    formatRate(perSecond),
  ],
});
