import { writeFileSync } from "node:fs";
import { DrayageError, messageOf, UsageError } from "../core/errors.ts";

const PLACE_CODES = ["ENOENT", "ENOTDIR", "EISDIR", "EACCES", "EPERM", "EROFS", "ENAMETOOLONG"];

/** Writes a file that a flag names. Throws UsageError where it cannot be, DrayageError `storage` where the disk fails. */
export function writeOutput(path: string, text: string, flag: string): void {
  try {
    writeFileSync(path, text);
  } catch (cause) {
    throw outputError(path, cause, flag);
  }
}

/** Whether another path would mend it. */
export const isPlaceTrouble = (cause: unknown): boolean =>
  PLACE_CODES.includes((cause as NodeJS.ErrnoException | undefined)?.code ?? "");

/** What to throw for the system's error about a file that a flag names. */
export function outputError(path: string, cause: unknown, flag: string): DrayageError {
  const message = `cannot write ${flag} ${path}: ${messageOf(cause)}`;
  return isPlaceTrouble(cause)
    ? new UsageError(message)
    : new DrayageError("storage", message, { cause });
}
