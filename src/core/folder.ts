import { mkdirSync, statSync } from "node:fs";
import { dirname } from "node:path";

/**
 * Makes a folder with its parents; one that is there already is fine. Throws the system's error, with code and path.
 *
 * Not `mkdir` with `recursive`: where the system has no folder and makes none, as below /proc, that one tries for ever
 * (Node.js 20 to 24).
 */
export function makeFolder(path: string, mode = 0o777): void {
  try {
    mkdirSync(path, mode);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" && dirname(path) !== path && !isFolder(dirname(path))) {
      makeFolder(dirname(path), mode);
      mkdirSync(path, mode);
    } else if (!isFolder(path)) {
      throw error;
    }
  }
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
