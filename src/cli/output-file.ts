import { writeFileSync } from "node:fs";
import { DrayageError, messageOf, UsageError } from "../core/errors.ts";

/** What another path would mend. */
const PLACE_CODES = ["ENOENT", "ENOTDIR", "EISDIR", "EACCES", "EPERM", "EROFS", "ENAMETOOLONG"];

/** Writes a file that a flag names. Throws UsageError where it cannot be, DrayageError `storage` where the disk fails. */
export function writeOutput(path: string, text: string, flag: string): void {
  try {
    writeFileSync(path, text);
  } catch (cause) {
    throw outputError(path, cause, flag);
  }
}

/** What to throw for the system's error about a file that a flag names. */
export function outputError(path: string, cause: unknown, flag: string): DrayageError {
  const message = `cannot write ${flag} ${path}: ${messageOf(cause)}`;
  const code = (cause as NodeJS.ErrnoException).code ?? "";
  return PLACE_CODES.includes(code)
    ? new UsageError(message)
    : new DrayageError("storage", message, { cause });
}
