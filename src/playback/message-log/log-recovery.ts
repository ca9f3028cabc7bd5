import { existsSync, truncateSync } from "node:fs";
import { join } from "node:path";
import { messageOf } from "../../core/errors.ts";
import { LineReader } from "./line-reader.ts";
import { LogCursor } from "./log-cursor.ts";
import { unfinishedIn } from "./log-files.ts";
import { LogIOError } from "./log-io-error.ts";
import { nameForGood } from "./write-file.ts";

/** What became of one `.tmp` file. `why`: it stays as it is, because of this. */
export type Recovered =
  | {
      readonly kind: "recovered";
      readonly file: string;
      readonly entries: number;
      /** Bytes of the torn line at its end, which are cut off. */
      readonly droppedBytes: number;
    }
  | { readonly kind: "kept"; readonly file: string; readonly why: string };

/**
 * Turns what a writer left behind when it was killed into logs: cuts a torn last line off each `.tmp` of the directory and
 * names it `.log`. Must not be used on a directory that is still being written. Throws a LogIOError if there is no directory.
 */
export function recoverLogs(directory: string): Recovered[] {
  return unfinishedIn(directory).map((name) => recoverLog(join(directory, name)));
}

function recoverLog(file: string): Recovered {
  const stem = file.slice(0, -".tmp".length);
  try {
    const { bytes, droppedBytes } = wholeLines(file);
    if (bytes === 0) return { kind: "kept", file, why: "has no complete line" };
    if (existsSync(`${stem}.log`))
      return { kind: "kept", file, why: `${stem}.log is there already` };
    if (droppedBytes > 0) truncateSync(file, bytes);
    const entries = countEntries(file);
    nameForGood(stem);
    return { kind: "recovered", file: `${stem}.log`, entries, droppedBytes };
  } catch (error) {
    if (!(error instanceof LogIOError)) throw error;
    return { kind: "kept", file, why: messageOf(error) };
  }
}

/** How many bytes of the file are complete lines, and how many come behind. */
function wholeLines(file: string): { bytes: number; droppedBytes: number } {
  const lines = new LineReader(file);
  let bytes = 0;
  while (lines.next() !== undefined) if (lines.isComplete) bytes = lines.offset;
  return { bytes, droppedBytes: lines.offset - bytes };
}

function countEntries(file: string): number {
  const cursor = new LogCursor({
    files: [file],
    name: file,
    window: { minTime: null, maxTime: null },
  });
  let entries = 0;
  for (let turn = cursor.take(); turn !== null; turn = cursor.take()) {
    if (turn.kind === "record") entries++;
  }
  return entries;
}
