import { UsageError } from "../core/errors.ts";
import { ExitCode } from "../core/exit-code.ts";
import { type PlacedGroup, type Placement, placements } from "../report/merge/placement.ts";
import { createRunDirectory } from "../report/run-directory.ts";
import { PULL, storedRecord } from "../report/stored-run.ts";
import type { Command } from "./command.ts";
import { requireDistinct } from "./report/distinct-runs.ts";
import { mergeRamps, placementText } from "./report/merge-ramps.ts";
import { mergeRuns } from "./report/merge-runs.ts";
import { readingProgress } from "./report/reading-progress.ts";
import { tellStored, writeStored } from "./report/stored-outputs.ts";
import { reportPull } from "./report/stored-pull-outputs.ts";

const options = {
  out: {
    type: "string",
    value: "DIR",
    help: "directory of the sum; a new one below runs if absent",
  },
  as: {
    type: "string",
    choices: placements,
    default: "auto",
    value: "HOW",
    help: "together: add seconds of the same minutes up; in-turn: set runs one behind the other; auto: as their clocks say",
  },
  json: { type: "boolean", default: false, help: "print the results as JSON" },
} as const;

/** Several runs of the same thing as one: their histograms added up, their seconds together or one after the other. */
export const merge: Command<typeof options> = {
  name: "merge",
  summary: "add runs up to one: of several machines at the same time, or one after the other",
  examples: [
    { type: "drayage merge runs/A runs/B runs/C --out runs/ABC", does: "three runs as one" },
    {
      type: "drayage merge box1/run box2/run --as together",
      does: "two machines' load on one registry, though their clocks disagree",
    },
  ],
  positionals: ["DIR..."],
  options,
  async run({ out, json, as }, paths, terminal) {
    if (paths.length < 2) throw new UsageError("merge needs at least two run directories");
    requireDistinct(paths);
    const placement: Placement = placements.find((known) => known === as) ?? "auto";
    const makeDirectory = () => createRunDirectory({ verb: "merge", startedAt: Date.now(), out });
    const ramps = paths.filter((path) => storedRecord(path).verb === PULL);
    if (ramps.length === paths.length) {
      const { directory, record, warnings, ...sum } = await mergeRamps(paths, {
        makeDirectory,
        placement,
      });
      for (const warning of warnings) terminal.err.write(`warning: ${warning}\n`);
      terminal.err.write(`${paths.length} ramps, ${placementText(sum.placement)}\n`);
      await reportPull(directory.path, record, { json, terminal });
      return ExitCode.done;
    }
    if (ramps.length > 0)
      throw new UsageError(
        `${ramps[0]} holds a pull test and others do not: a closed loop's times mean something else, so add ramps to ramps`,
      );
    const progress = readingProgress(paths, terminal);
    const merged = await mergeRuns(paths, { makeDirectory, placement, read: progress.read });
    progress.end();
    const { directory, run, groups, warnings } = merged;
    for (const warning of warnings) terminal.err.write(`warning: ${warning}\n`);
    terminal.err.write(`${groupsText(groups)}\n`);
    await writeStored(directory, run);
    tellStored(directory, run, { json, terminal });
    return ExitCode.done;
  },
};

function groupsText(groups: readonly PlacedGroup[]): string {
  const runs = groups.reduce((sum, { length }) => sum + length, 0);
  if (groups.length === 1) return `${runs} runs of the same time, added up second by second`;
  if (groups.length === runs) return `${runs} runs, set one behind the other`;
  return `${runs} runs in ${groups.length} groups of the same time, set one behind the other`;
}
