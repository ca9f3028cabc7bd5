import { writeFileSync } from "node:fs";
import { messageOf, UsageError } from "../../core/errors.ts";

/** Writes a file that a flag names. */
export function writeOutput(path: string, text: string, flag: string): void {
  try {
    writeFileSync(path, text);
  } catch (error) {
    throw new UsageError(`cannot write ${flag} ${path}: ${messageOf(error)}`);
  }
}
