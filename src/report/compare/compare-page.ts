// The page of a comparison: the same style, charts and promises as that of a run.

import type { PageCharts } from "../chart.ts";
import type { Html } from "../html.ts";
import { factList, htmlTable } from "../html.ts";
import { formatCount, formatRate } from "../number-format.ts";
import { type PageSection, renderPlainPage } from "../plain-page.ts";
import type { Comparison } from "./compare-runs.ts";
import { basisSentence } from "./comparison-text.ts";

export type ComparePageContext = {
  readonly tool: string;
  /** As typed. */
  readonly command: string;
  readonly charts: PageCharts;
  /** When it was made, ms since the epoch. */
  readonly at: number;
  /** Limits of --fail-on that were passed. */
  readonly failed: readonly string[];
};

type Cells = readonly (readonly string[])[];

/** Two sides of runs, or of ramps. */
export type PageComparison = Pick<
  Comparison,
  "verdict" | "basis" | "dissimilarities" | "leftOut"
> & {
  readonly a: PageSide;
  readonly b: PageSide;
  /** Sentences that whoever reads it must know first. */
  readonly warnings: readonly string[];
  readonly differences: {
    readonly heads: readonly string[];
    readonly cells: Cells;
    readonly textColumns: number;
  };
  /** Sections of charts besides the curves. */
  readonly sections: readonly PageSection[];
};

type PageSide = {
  readonly directories: readonly string[];
  readonly done: number;
  readonly failed: number;
  readonly perSecond: number | null;
};

const tints = { worse: "bad", better: "good", same: "good", inconclusive: "warning" } as const;

export function comparePage(comparison: PageComparison, context: ComparePageContext): Html {
  const { verdict, a, b } = comparison;
  return renderPlainPage({
    title: `${context.tool} compare`,
    verdict: `B is ${verdict === "same" ? "the same as" : verdict === "inconclusive" ? "not told apart from" : `${verdict} than`} A`,
    tint: tints[verdict],
    when: new Date(context.at).toISOString(),
    command: context.command,
    reasons: [...context.failed.map((text) => `regression: ${text}`), ...comparison.warnings],
    numbers: [],
    facts: [
      ["A", a.directories.join(", ")],
      ["B", b.directories.join(", ")],
    ],
    sections: sectionsOf(comparison),
    charts: context.charts,
    footer:
      "Made from histograms.hlog and counts.ndjson of the runs. A percentile that fewer than 10/(1−p) values would have to support is left out.",
  });
}

function sectionsOf(comparison: PageComparison): PageSection[] {
  const { differences, a, b, dissimilarities, leftOut } = comparison;
  const sections: (PageSection | undefined)[] = [
    {
      title: "Differences",
      note: basisSentence(comparison),
      content: htmlTable(
        differences.heads,
        differences.cells.map((cells) => ({
          cells: cells.map((cell) => cell.replace(/us$/, "µs")),
        })),
        differences.textColumns,
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
    ...comparison.sections,
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

const sideRow = (name: string, { directories, done, failed, perSecond }: PageSide) => ({
  cells: [
    name,
    formatCount(directories.length),
    formatCount(done),
    formatCount(failed),
    formatRate(perSecond),
  ],
});
