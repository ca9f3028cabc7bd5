// How far the seconds of stored runs are read, and compared: those of long runs take a while.
import { storedRecord } from "../../report/stored-run.ts";
import type { Terminal } from "../command.ts";
import { ProgressLine } from "../live/progress-line.ts";

export type ReadingProgress = {
  /** A second of one of the runs was read. */
  readonly read: () => void;
  /** So many operations were compared. */
  readonly compared: (done: number, total: number) => void;
  readonly end: () => void;
};

/** Of runs that have ended, run.json says how many seconds there are. */
function secondsOf(directory: string): number | null {
  const { startedAt, endedAt } = storedRecord(directory);
  return endedAt === null ? null : Math.max(0, Date.parse(endedAt) - Date.parse(startedAt)) / 1000;
}

export function readingProgress(
  directories: readonly string[],
  terminal: Terminal,
): ReadingProgress {
  const line = new ProgressLine(terminal, { ui: "auto" });
  const lengths = directories.map(secondsOf);
  const total = lengths.includes(null)
    ? null
    : lengths.reduce<number>((sum, length) => sum + (length ?? 0), 0);
  let done = 0;
  return {
    read() {
      done++;
      const known = total === null ? null : Math.max(done, total);
      line.show({ doing: "reading stored seconds", done, total: known, unit: "seconds" });
    },
    compared: (ready, all) =>
      line.show({ doing: "comparing", done: ready, total: all, unit: "operations" }),
    end: () => line.end(),
  };
}
