import { lstatSync, rmSync } from "node:fs";

/**
 * Takes the names of files from the master that wrote them: one that is only frozen has them open, and goes on writing when it
 * wakes up. What is no plain file (a pipe, a link) stays.
 */
export function takeNames(paths: readonly (string | undefined)[]): void {
  for (const path of paths)
    if (path !== undefined && lstatSync(path, { throwIfNoEntry: false })?.isFile() === true)
      rmSync(path);
}
