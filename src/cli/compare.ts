import { writeFileSync } from "node:fs";
import { DrayageError, messageOf, UsageError } from "../core/errors.ts";
import { ExitCode } from "../core/exit-code.ts";
import { compareCharts } from "../report/compare/compare-charts.ts";
import { comparePage } from "../report/compare/compare-page.ts";
import { type Comparison, compareRuns } from "../report/compare/compare-runs.ts";
import { comparisonText } from "../report/compare/comparison-text.ts";
import { writeFigures } from "../report/figures/figure-files.ts";
import { PULL, type StoredRecord, storedRecord } from "../report/stored-run.ts";
import { paintFor } from "../report/text-table.ts";
import type { Command, OptionTable, OptionValues, Terminal } from "./command.ts";
import { compareRamps, rampComparisonText } from "./compare/compare-ramps.ts";
import { parseFailOn, regressions } from "./compare/fail-on.ts";
import { loadStoredPull } from "./pull/stored-pull.ts";
import { typedWords } from "./typed-words.ts";

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
    check: (text) => void parseFailOn(text),
    help: "exit 3 when B is worse by more: 'p99 > +10%', 'get-blob.p50 > +5%'",
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
    const { out, env, program } = terminal;
    const records = paths.map(storedRecord);
    if (records.length === 2 && records.every(({ verb }) => verb === PULL)) {
      refuseForRamps(given);
      return tellRamps(paths, records, { json: given.json, terminal });
    }
    const limits = given["fail-on"].map(parseFailOn);
    const effect = { seed: given.seed, minimum: given["min-effect"] / 100 };
    const { comparison, curves } = compareRuns(sidesOf(paths, given.against), effect);
    const failed = limits
      .filter((limit) => regressions(comparison.rows, limit).length > 0)
      .map(({ text }) => text);
    writeCurves(given, { comparison, curves, failed });
    const told = comparisonResults(comparison, failed);
    program?.finished({ directory: null, results: told });
    if (given.json) {
      out.write(`${JSON.stringify(told)}\n`);
    } else {
      const isTerminal = (out as NodeJS.WritableStream & { isTTY?: boolean }).isTTY === true;
      out.write(`${comparisonText(comparison, paintFor(env, isTerminal))}\n`);
      for (const text of failed) out.write(`\nregression: ${text}\n`);
    }
    return failed.length > 0 ? ExitCode.regression : ExitCode.done;
  },
};

/** Ramps have no latency at a given rate of arrivals, and so none that a limit could be set to. */
function refuseForRamps(given: OptionValues<typeof options>): void {
  const names = ["against", "fail-on", "page", "figures"] as const;
  const used = names.find((name) => given[name] !== undefined && given[name].length > 0);
  if (used !== undefined)
    throw new UsageError(
      `--${used} is for runs: leave it out, two ramps are compared step by step`,
    );
}

function tellRamps(
  paths: readonly string[],
  records: readonly StoredRecord[],
  { json, terminal }: { readonly json: boolean; readonly terminal: Terminal },
): ExitCode {
  const { out, env, program } = terminal;
  const [a = [], b = []] = paths.map((path, at) => {
    const { figures, damages } = loadStoredPull(path, records[at] as StoredRecord);
    for (const damage of damages) terminal.err.write(`warning: ${path}: ${damage}\n`);
    return figures.steps;
  });
  const comparison = { version: 1, ...compareRamps(a, b) };
  program?.finished({ directory: null, results: comparison });
  const isTerminal = (out as NodeJS.WritableStream & { isTTY?: boolean }).isTTY === true;
  const text = json
    ? JSON.stringify(comparison)
    : rampComparisonText(comparison, paintFor(env, isTerminal));
  out.write(`${text}\n`);
  return ExitCode.done;
}

/** What `--json` prints. */
export const comparisonResults = (comparison: Comparison, failed: readonly string[]) => ({
  version: 2,
  ...comparison,
  failed,
});

function sidesOf(paths: readonly string[], against: readonly string[]) {
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

type Compared = ReturnType<typeof compareRuns> & { readonly failed: readonly string[] };

function writeCurves(
  given: { readonly page: string | undefined; readonly figures: string | undefined },
  { comparison, curves, failed }: Compared,
): void {
  if (given.figures !== undefined)
    writeFigures(given.figures, compareCharts(curves), {
      overlay: "Latency by percentile",
      ratio: "Ratio by percentile",
    });
  if (given.page === undefined) return;
  const page = comparePage(comparison, {
    tool: "drayage",
    command: ["drayage", ...typedWords()].join(" "),
    curves,
    at: Date.now(),
    failed,
  });
  try {
    writeFileSync(given.page, page);
  } catch (error) {
    throw new DrayageError("storage", `cannot write ${given.page}: ${messageOf(error)}`, {
      cause: error,
    });
  }
}
