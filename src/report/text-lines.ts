import { closeSync, openSync, readSync } from "node:fs";
import { DrayageError, messageOf } from "../core/errors.ts";

const PIECE_BYTES = 256 * 1024;
const NEW_LINE = 10;

/**
 * Whole lines of a file, without their ends, in pieces: files of any length. What follows the last line end is cut off, for a
 * killed process may have left half a line. A file that is not there has no lines. Throws DrayageError `storage`.
 */
export function* wholeLines(path: string): Generator<string, void, undefined> {
  const descriptor = opened(path);
  if (descriptor === undefined) return;
  try {
    const piece = Buffer.allocUnsafe(PIECE_BYTES);
    let rest = Buffer.alloc(0);
    for (let read = readSync(descriptor, piece); read > 0; read = readSync(descriptor, piece)) {
      const bytes = Buffer.concat([rest, piece.subarray(0, read)]);
      const end = bytes.lastIndexOf(NEW_LINE);
      if (end >= 0) yield* bytes.toString("utf8", 0, end).split("\n");
      rest = bytes.subarray(end + 1);
    }
  } finally {
    closeSync(descriptor);
  }
}

function opened(path: string): number | undefined {
  try {
    return openSync(path, "r");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw new DrayageError("storage", `cannot read ${path}: ${messageOf(error)}`, { cause: error });
  }
}
