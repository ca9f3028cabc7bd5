import { ExitCode } from "../core/exit-code.ts";
import { compareRuns } from "../report/compare/compare-runs.ts";
import { comparisonText } from "../report/compare/comparison-text.ts";
import { paintFor } from "../report/text-table.ts";
import type { Command } from "./command.ts";
import { parseFailOn, regressions } from "./compare/fail-on.ts";

const options = {
  "fail-on": {
    type: "string",
    array: true,
    value: "TEXT",
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
  json: { type: "boolean", default: false, help: "print the comparison as JSON" },
} as const;

/** Two runs: is B better or worse, and could it be chance? */
export const compare: Command<typeof options> = {
  name: "compare",
  summary: "compare the latencies of two runs: differences, their intervals and a verdict",
  examples: [
    { type: "drayage compare runs/A runs/B", does: "what changed from A to B" },
    {
      type: "drayage compare runs/A runs/B --fail-on 'p99 > +10%'",
      does: "exit 3 where a p99 grew by more than a tenth",
    },
  ],
  positionals: ["A", "B"],
  options,
  async run(given, [a = "", b = ""], { out, env }) {
    const limits = given["fail-on"].map(parseFailOn);
    const effect = { seed: given.seed, minimum: given["min-effect"] / 100 };
    const comparison = compareRuns({ a, b }, effect);
    const failed = limits
      .filter((limit) => regressions(comparison.rows, limit).length > 0)
      .map(({ text }) => text);
    if (given.json) {
      out.write(`${JSON.stringify({ version: 1, ...comparison, failed })}\n`);
    } else {
      const isTerminal = (out as NodeJS.WritableStream & { isTTY?: boolean }).isTTY === true;
      out.write(`${comparisonText(comparison, paintFor(env, isTerminal))}\n`);
      for (const text of failed) out.write(`\nregression: ${text}\n`);
    }
    return failed.length > 0 ? ExitCode.regression : ExitCode.done;
  },
};
