import { basename } from "node:path";
import { UsageError } from "../../core/errors.ts";
import { dissimilarities } from "../../report/compare/comparability.ts";
import { CountsFile } from "../../report/counts-file.ts";
import { HistogramLog } from "../../report/hlog.ts";
import type { Machine } from "../../report/machines.ts";
import { mergedIntervals } from "../../report/merge/merged-intervals.ts";
import { mergedSteps } from "../../report/merge/merged-steps.ts";
import { type PlacedGroup, type Placement, placeRuns } from "../../report/merge/placement.ts";
import type { RunDirectory, RunFrame } from "../../report/run-directory.ts";
import { storedIntervals } from "../../report/stored-intervals.ts";
import { loadStoredRun, type StoredRun, stepsOf } from "../../report/stored-run.ts";
import { mergedRecorded } from "../../stats/recorded-tally.ts";
import { version } from "../version.ts";

/** The sum, and how the runs stood to each other. */
export type MergedRun = {
  readonly directory: RunDirectory;
  readonly run: StoredRun;
  readonly groups: readonly PlacedGroup[];
  /** What is not the same in all of them, a sentence each. */
  readonly warnings: readonly string[];
};

/**
 * Checks the runs, makes the directory, writes their intervals as those of one run, and reads that: runs that overlap in time are
 * added second by second,
 * the others set one behind the other. Throws UsageError for runs of which only some had due times: their latencies mean
 * different things.
 */
export async function mergeRuns(
  paths: readonly string[],
  {
    makeDirectory,
    placement,
    read,
  }: {
    readonly makeDirectory: () => Promise<RunDirectory>;
    readonly placement: Placement;
    /** Called for each second that was read. */
    readonly read: () => void;
  },
): Promise<MergedRun> {
  const runs = paths.map((path) => loadStoredRun(path, read));
  const first = checked(runs);
  const directory = await makeDirectory();
  const groups = placeRuns(runs.map(spanOf), placement);
  const frame = frameOf(runs, groups);
  writeIntervals(runs, groups, directory);
  await directory.writeRun({
    ...first.record,
    verb: "merge",
    arguments: ["merge", ...paths],
    // Whoever was paused or sped up, and when, says the run itself.
    controls: [],
    startedAt: runs.map(({ record }) => record.startedAt).sort()[0] ?? first.record.startedAt,
    endedAt:
      runs
        .map(({ record }) => record.endedAt ?? "")
        .sort()
        .at(-1) || null,
    frame,
  });
  return {
    directory,
    run: summed(loadStoredRun(directory.path), runs, groups),
    groups,
    warnings: [
      ...runs.flatMap((run) => run.damages.map((damage) => `${run.directory}: ${damage}`)),
      ...runs.slice(1).flatMap((run) => differences(first, run)),
    ],
  };
}

function checked(runs: readonly StoredRun[]): StoredRun {
  const [first, ...others] = runs;
  if (first === undefined) throw new UsageError("merge needs at least two run directories");
  const other = others.find(({ frame }) => frame.paced !== first.frame.paced);
  if (other !== undefined)
    throw new UsageError(
      `${other.directory} and ${first.directory} cannot be added up: only one of them had due times`,
    );
  const empty = runs.find(({ intervals }) => intervals === 0);
  if (empty !== undefined)
    throw new UsageError(`${empty.directory} holds no interval: the run ended before its first`);
  return first;
}

const spanOf = (run: StoredRun) => {
  const startMs = Date.parse(run.record.clocks.originWall);
  return { startMs, endMs: startMs + 1000 * lengthOf(run).seconds };
};

/** Whether any of the runs were at it at the same time: then each is told apart in the sum. */
const areTogether = (groups: readonly PlacedGroup[]): boolean =>
  groups.some(({ length }) => length > 1);

/** A run that told no nodes apart is one. */
function nodeNames({ frame, directory, figures }: StoredRun): readonly string[] {
  return figures.nodes === undefined ? [basename(directory)] : frame.nodes;
}

function frameOf(runs: readonly StoredRun[], groups: readonly PlacedGroup[]): RunFrame {
  const [first] = runs as readonly [StoredRun];
  const steps = mergedSteps(
    groups,
    runs.map((run) => ({ steps: stepsOf(run.record), ...lengthOf(run) })),
  );
  const frame = { ...first.frame, steps };
  return areTogether(groups) ? { ...frame, nodes: runs.flatMap(nodeNames) } : frame;
}

const lengthOf = ({ timeline }: StoredRun) => {
  const last = timeline.series.points.at(-1);
  return {
    seconds: (last?.second ?? 0) + (last?.length ?? 0),
    pausedSeconds: timeline.pausedSeconds,
  };
};

function writeIntervals(
  runs: readonly StoredRun[],
  groups: readonly PlacedGroup[],
  directory: RunDirectory,
): void {
  const log = new HistogramLog(directory.file("histograms.hlog"), {
    tool: `drayage ${version}`,
    startedAt: Math.min(...runs.map((run) => spanOf(run).startMs)),
  });
  const counts = new CountsFile(directory.file("counts.ndjson"));
  const together = areTogether(groups);
  let nodes = 0;
  const added = runs.map((run) => {
    const firstNode = together ? nodes : null;
    nodes += nodeNames(run).length;
    return { intervals: storedIntervals(run.directory), firstNode };
  });
  for (const interval of mergedIntervals(groups, added)) {
    log.add(interval.snapshot);
    counts.add(interval);
  }
  log.close();
  counts.close();
}

/** What may explain that the runs are not of the same thing; how each ended is told by the sum's validity. */
function differences(first: StoredRun, other: StoredRun): string[] {
  const told = ["ending", "validity", "machine", "seconds"];
  return dissimilarities(first, other)
    .filter(({ what }) => !told.includes(what))
    .map(
      ({ what, a, b }) =>
        `not the same: ${what}: ${a} in ${first.directory}, ${b} in ${other.directory}`,
    );
}

const added = (parts: readonly Readonly<Record<string, number>>[]): Record<string, number> => {
  const sum: Record<string, number> = {};
  for (const part of parts)
    for (const [name, count] of Object.entries(part)) sum[name] = (sum[name] ?? 0) + count;
  return sum;
};

/** Machines of all runs, by the numbers that their nodes have in the sum. */
function machinesOf(runs: readonly StoredRun[], isTogether: boolean): readonly Machine[] {
  let before = 0;
  return runs.flatMap((run) => {
    const firstNode = isTogether ? before : 0;
    before += nodeNames(run).length;
    return (run.figures.machines ?? []).map((one) => ({ ...one, node: firstNode + one.node }));
  });
}

/** What the seconds do not tell, from the runs: the sum is as trustworthy as the worst of them. */
function summed(
  sum: StoredRun,
  runs: readonly StoredRun[],
  groups: readonly PlacedGroup[],
): StoredRun {
  const worst =
    runs.find(({ figures }) => figures.validity.verdict === "INVALID") ??
    runs.find(({ figures }) => figures.validity.verdict === "strained") ??
    runs[0] ??
    sum;
  const unfinished = runs.find(({ figures }) => figures.ending !== "finished");
  return {
    ...sum,
    figures: {
      ...sum.figures,
      validity: {
        ...worst.figures.validity,
        reasons: runs.flatMap(({ directory, figures }) =>
          figures.validity.reasons.map((reason) => `${directory}: ${reason}`),
        ),
      },
      ending: unfinished?.figures.ending ?? "finished",
      skipped: added(runs.map(({ figures }) => figures.skipped)),
      records: added(runs.map(({ figures }) => figures.records)),
      besides: added(runs.map(({ figures }) => figures.besides)),
      examples: Object.assign({}, ...runs.map(({ figures }) => figures.examples)),
      machines: machinesOf(runs, areTogether(groups)),
      recorded: mergedRecorded(runs.map(({ figures }) => figures.recorded ?? [])),
    },
  };
}
