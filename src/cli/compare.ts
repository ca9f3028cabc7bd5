import { UsageError } from "../core/errors.ts";
import { compareCharts } from "../report/compare/compare-charts.ts";
import { type Comparison, compareRuns } from "../report/compare/compare-runs.ts";
import { comparisonText, rowCells, rowHeads } from "../report/compare/comparison-text.ts";
import { PULL, storedRecord } from "../report/stored-run.ts";
import type { Command, OptionTable, OptionValues, Terminal } from "./command.ts";
import { compareRamps } from "./compare/compare-ramps.ts";
import { parseFailOn, regressions } from "./compare/fail-on.ts";
import { rampComparisonText } from "./compare/ramp-comparison-text.ts";
import { pageOf, rampCharts, rampFigures } from "./compare/ramp-curves.ts";
import { parseRampFailOn, rampFailOn, rampRegressions } from "./compare/ramp-fail-on.ts";
import { type ToldComparison, tellComparison } from "./compare/told-comparison.ts";
import { requireDistinct } from "./report/distinct-runs.ts";
import { readingProgress } from "./report/reading-progress.ts";

const options = {
  against: {
    type: "string",
    array: true,
    value: "B,B,...",
    help: "runs of side B, where each side has several: all positional ones are then side A",
  },
  "fail-on": {
    type: "string",
    array: true,
    value: "TEXT",
    check: (text) => void (rampFailOn(text) ?? parseFailOn(text)),
    help: "exit 3 when B is worse by more: 'p99 > +10%', 'get-blob.p50 > +5%'; of ramps also 'rate < -10%'",
  },
  "min-effect": {
    type: "number",
    min: 0,
    max: 100,
    default: 5,
    value: "PERCENT",
    help: "smallest difference that matters",
  },
  seed: { type: "string", default: "0", value: "TEXT", help: "seed of the intervals" },
  page: {
    type: "string",
    value: "FILE",
    help: "write the comparison with its curves as one HTML page",
  },
  figures: {
    type: "string",
    value: "DIR",
    help: "write its curves as SVG, with data and scripts to draw them anew",
  },
  json: { type: "boolean", default: false, help: "print the comparison as JSON" },
} as const satisfies OptionTable;

type Given = OptionValues<typeof options>;

/** Two runs, or two sides of several: is B better or worse, and could it be chance? */
export const compare: Command<typeof options> = {
  name: "compare",
  summary: "compare the latencies of two runs: differences, their intervals and a verdict",
  examples: [
    { type: "drayage compare runs/A runs/B", does: "what changed from A to B" },
    {
      type: "drayage compare runs/A runs/B --fail-on 'p99 > +10%'",
      does: "exit 3 where a p99 grew by more than a tenth",
    },
    {
      type: "drayage compare A1 A2 A3 --against B1,B2,B3 --page compare.html",
      does: "three runs of each: what differs from run to run counts, too",
    },
  ],
  positionals: ["A", "[B...]"],
  options,
  async run(given, paths, terminal) {
    const sides = sidesOf(paths, given.against);
    // A run may be compared with itself, which shows no difference. Among several, it would hide what differs.
    const isOneEach = sides.a.length === 1 && sides.b.length === 1;
    if (!isOneEach) requireDistinct([...sides.a, ...sides.b]);
    const told = isOfRamps([...sides.a, ...sides.b])
      ? comparedRamps(sides, given, terminal)
      : comparedRuns(sides, given, terminal);
    return tellComparison(told, given, terminal);
  },
};

type Sides = { readonly a: readonly string[]; readonly b: readonly string[] };

function sidesOf(paths: readonly string[], against: readonly string[]): Sides {
  const others = against.flatMap((text) => text.split(",")).filter((path) => path !== "");
  if (others.length > 0) return { a: paths, b: others };
  const [a, b, extra] = paths;
  if (a === undefined || b === undefined)
    throw new UsageError("compare needs two run directories: type drayage compare A B");
  if (extra !== undefined)
    throw new UsageError(
      "compare got more than two run directories: say which are side B, compare A1 A2 --against B1,B2",
    );
  return { a: [a], b: [b] };
}

function isOfRamps(paths: readonly string[]): boolean {
  const ramps = paths.filter((path) => storedRecord(path).verb === PULL);
  if (ramps.length === 0) return false;
  const other = paths.find((path) => !ramps.includes(path));
  if (other === undefined) return true;
  throw new UsageError(
    `${ramps[0]} holds a pull test and ${other} does not: a ramp is a closed loop, so compare it with ramps`,
  );
}

const effectOf = (given: Given) => ({ seed: given.seed, minimum: given["min-effect"] / 100 });

function comparedRuns(sides: Sides, given: Given, terminal: Terminal): ToldComparison {
  const limits = given["fail-on"].map(parseFailOn);
  const { read, compared, end } = readingProgress([...sides.a, ...sides.b], terminal);
  const options = { ...effectOf(given), read, compared };
  const { comparison, curves, damages } = compareRuns(sides, options);
  end();
  for (const damage of damages) terminal.err.write(`warning: ${damage}\n`);
  const failed = limits
    .filter((limit) => regressions(comparison.rows, limit).length > 0)
    .map(({ text }) => text);
  const charts = compareCharts(curves);
  const { rows } = comparison;
  return {
    results: comparisonResults(comparison, failed),
    text: (paint) => comparisonText(comparison, paint),
    page: {
      ...comparison,
      warnings: [],
      differences: { heads: rowHeads, cells: rows.map(rowCells), textColumns: 3 },
      sections: [],
    },
    charts,
    figures: charts,
    titles: { overlay: "Latency by percentile", ratio: "Ratio by percentile" },
    failed,
  };
}

function comparedRamps({ a, b }: Sides, given: Given, { err }: Terminal): ToldComparison {
  const { seed, minimum } = effectOf(given);
  const limits = given["fail-on"].map((text) => parseRampFailOn(text, minimum));
  const read = (path: string) => ({ path, record: storedRecord(path) });
  const compared = compareRamps({ a: a.map(read), b: b.map(read) }, { seed, minimum }, (line) =>
    err.write(`warning: ${line}\n`),
  );
  const { comparison } = compared;
  const found = limits
    .map((limit) => ({ text: limit.text, steps: rampRegressions(comparison.rows, limit) }))
    .filter(({ steps }) => steps.length > 0);
  const failed = found.map(
    ({ text, steps }) =>
      `${text} in ${steps.map(({ phase, step }) => `${phase} step ${step}`).join(", ")}`,
  );
  return {
    results: { version: 2, ...comparison, failed: found.map(({ text }) => text) },
    text: (paint) => rampComparisonText(comparison, paint),
    page: pageOf(comparison),
    charts: rampCharts(compared),
    figures: rampFigures(compared),
    titles: {},
    failed,
  };
}

/** What `--json` prints. */
export const comparisonResults = (comparison: Comparison, failed: readonly string[]) => ({
  version: 2,
  ...comparison,
  failed,
});
