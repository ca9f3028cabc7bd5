import { UsageError } from "../core/errors.ts";
import { ExitCode } from "../core/exit-code.ts";
import { createRunDirectory } from "../report/run-directory.ts";
import type { Command } from "./command.ts";
import { mergeRuns } from "./report/merge-runs.ts";
import { tellStored, writeStored } from "./report/stored-outputs.ts";

const options = {
  out: {
    type: "string",
    value: "DIR",
    help: "directory of the sum; a new one below runs if absent",
  },
  json: { type: "boolean", default: false, help: "print the results as JSON" },
} as const;

/** Several runs of the same thing as one: their histograms added up, their seconds one after the other. */
export const merge: Command<typeof options> = {
  name: "merge",
  summary: "add runs up to one: histograms summed, seconds set one after the other",
  examples: [
    { type: "drayage merge runs/A runs/B runs/C --out runs/ABC", does: "three runs as one" },
  ],
  positionals: ["DIR..."],
  options,
  async run({ out, json }, paths, terminal) {
    if (paths.length < 2) throw new UsageError("merge needs at least two run directories");
    const directory = await createRunDirectory({ verb: "merge", startedAt: Date.now(), out });
    const run = await mergeRuns(paths, directory);
    for (const damage of run.damages) terminal.err.write(`warning: ${damage}\n`);
    await writeStored(directory, run);
    tellStored(run, { json, terminal });
    return ExitCode.done;
  },
};
