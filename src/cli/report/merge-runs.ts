import { UsageError } from "../../core/errors.ts";
import { nanos } from "../../core/units.ts";
import { CountsFile, type PlannedInterval } from "../../report/counts-file.ts";
import { HistogramLog } from "../../report/hlog.ts";
import type { RunDirectory } from "../../report/run-directory.ts";
import { loadStoredRun, type StoredRun } from "../../report/stored-run.ts";
import { version } from "../version.ts";

/**
 * Writes the intervals of the runs, one run behind the other, as those of one run, and reads that. Throws UsageError for
 * runs of which only some had due times: their latencies mean different things.
 */
export async function mergeRuns(
  paths: readonly string[],
  directory: RunDirectory,
): Promise<StoredRun> {
  const first = loadStoredRun(paths[0] ?? "");
  const startedAt = Date.parse(first.record.startedAt);
  const log = new HistogramLog(directory.file("histograms.hlog"), {
    tool: `drayage ${version}`,
    startedAt,
  });
  const counts = new CountsFile(directory.file("counts.ndjson"));
  const runs: StoredRun[] = [];
  let shift = 0;
  for (const path of paths) {
    let last = shift;
    const run = loadStoredRun(path, (interval) => {
      const shifted = shiftedBy(interval, shift);
      log.add(shifted.snapshot);
      counts.add(shifted);
      last = shifted.snapshot.end;
    });
    if (run.frame.paced !== first.frame.paced)
      throw new UsageError(
        `${path} and ${paths[0]} cannot be added up: only one of them had due times`,
      );
    runs.push(run);
    shift = last;
  }
  log.close();
  counts.close();
  await directory.writeRun({
    ...first.record,
    verb: "merge",
    arguments: ["merge", ...paths],
    endedAt: runs.at(-1)?.record.endedAt ?? null,
    frame: first.frame,
  });
  return summed(loadStoredRun(directory.path), runs);
}

const shiftedBy = ({ snapshot, planned }: PlannedInterval, shift: number): PlannedInterval => ({
  snapshot: {
    ...snapshot,
    start: nanos(snapshot.start + shift),
    end: nanos(snapshot.end + shift),
  },
  planned,
});

/** What the seconds do not tell, from the runs: the sum is as trustworthy as the worst of them. */
function summed(sum: StoredRun, runs: readonly StoredRun[]): StoredRun {
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
      examples: Object.assign({}, ...runs.map(({ figures }) => figures.examples)),
    },
    damages: runs.flatMap(({ damages }) => damages),
  };
}
