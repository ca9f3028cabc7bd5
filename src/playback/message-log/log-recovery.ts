import { existsSync, truncateSync } from "node:fs";
import { join } from "node:path";
import { messageOf } from "../../core/errors.ts";
import { LineReader } from "./line-reader.ts";
import { LogCursor } from "./log-cursor.ts";
import { unfinishedIn } from "./log-files.ts";
import { LogIOError, systemError } from "./log-io-error.ts";
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
    const { bytes, lines, droppedBytes, isHeaderTorn } = wholeLines(file);
    if (bytes === 0) return { kind: "kept", file, why: "has no complete line" };
    if (isHeaderTorn) return { kind: "kept", file, why: "its header is torn" };
    if (existsSync(`${stem}.log`))
      return { kind: "kept", file, why: `${stem}.log is there already` };
    // Before anything is cut off: what has to stay stays as it is.
    const entries = countEntries(file, lines);
    if (droppedBytes > 0) cut(file, bytes);
    nameForGood(stem);
    return { kind: "recovered", file: `${stem}.log`, entries, droppedBytes };
  } catch (error) {
    if (!(error instanceof LogIOError)) throw error;
    return { kind: "kept", file, why: messageOf(error) };
  }
}

const HASH = 0x23;

type Whole = {
  readonly bytes: number;
  readonly lines: number;
  readonly droppedBytes: number;
  readonly isHeaderTorn: boolean;
};

/** How many lines of the file are complete, how many bytes they are, and how many come behind. */
function wholeLines(file: string): Whole {
  const reader = new LineReader(file);
  let [bytes, lines, isHeaderTorn] = [0, 0, false];
  for (let line = reader.next(); line !== undefined; line = reader.next()) {
    isHeaderTorn = !reader.isComplete && line[0] === HASH;
    if (reader.isComplete) [bytes, lines] = [reader.offset, reader.line];
  }
  return { bytes, lines, droppedBytes: reader.offset - bytes, isHeaderTorn };
}

function cut(file: string, bytes: number): void {
  try {
    truncateSync(file, bytes);
  } catch (error) {
    throw systemError(error, file);
  }
}

/** Of the first `lines` of the file. */
function countEntries(file: string, lines: number): number {
  const cursor = new LogCursor({
    files: [file],
    name: file,
    window: { minTime: null, maxTime: null },
  });
  let entries = 0;
  for (let turn = cursor.take(); turn !== null; turn = cursor.take()) {
    if (turn.kind === "record" && turn.record.line <= lines) entries++;
  }
  return entries;
}
