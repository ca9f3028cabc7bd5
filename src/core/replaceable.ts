import { statSync } from "node:fs";
import { UsageError } from "./errors.ts";

/**
 * Throws UsageError where a file that is written beside `path` cannot get its name in the end, or would take the place of what is no
 * file: with the rights to do so, a rename makes /dev/null an ordinary file for everybody.
 */
export function requireReplaceable(path: string): void {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined || found.isFile()) return;
  throw new UsageError(
    found.isDirectory()
      ? `${path} is a folder: name the file that is to be written`
      : `${path} is a device or a pipe, whose place a file would take: name a file`,
  );
}
