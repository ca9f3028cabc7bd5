import { ExitCode } from "../core/exit-code.ts";
import { RunDirectory } from "../report/run-directory.ts";
import { loadStoredRun, PULL, storedRecord } from "../report/stored-run.ts";
import type { Command } from "./command.ts";
import { readingProgress } from "./report/reading-progress.ts";
import { tellStored, writeStored } from "./report/stored-outputs.ts";
import { reportPull } from "./report/stored-pull-outputs.ts";

const options = {
  json: { type: "boolean", default: false, help: "print the results as JSON" },
} as const;

/** Makes the outputs of a run again, from what its directory holds of each second. */
export const report: Command<typeof options> = {
  name: "report",
  summary: "make report and results of a run again from its directory, also of a killed run",
  examples: [
    {
      type: "drayage report runs/2026-11-22T07-01-33Z_run_a1b2c3",
      does: "page, figures, results and summary anew",
    },
  ],
  positionals: ["DIR"],
  options,
  async run({ json }, [path = ""], terminal) {
    const record = storedRecord(path);
    if (record.verb === PULL) {
      await reportPull(path, record, { json, terminal });
      return ExitCode.done;
    }
    const progress = readingProgress([path], terminal);
    const run = loadStoredRun(path, progress.read);
    progress.end();
    for (const damage of run.damages) terminal.err.write(`warning: ${damage}\n`);
    if (run.figures.ending === "cut") {
      const until = run.figures.seconds.toFixed(1);
      terminal.err.write(`the run was killed, or still goes on: figures of its first ${until} s\n`);
    }
    const directory = new RunDirectory(path);
    await writeStored(directory, run);
    tellStored(directory, run, { json, terminal });
    return ExitCode.done;
  },
};
