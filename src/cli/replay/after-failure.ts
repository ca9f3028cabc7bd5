import { existsSync, rmdirSync, rmSync } from "node:fs";
import { normalize } from "node:path";
import { DrayageError, messageOf } from "../../core/errors.ts";
import type { RunDirectory } from "../../report/run-directory.ts";

/** Input that cannot be used leaves nothing behind: a directory that holds these files at most goes again. */
export function abandonDirectory({ path }: RunDirectory, files: readonly string[] = []): void {
  for (const file of files) rmSync(file, { force: true });
  try {
    rmdirSync(path);
  } catch {
    // Something else is in it by now, which is worth keeping.
  }
}

/** What ended a run. Of a disk that failed it also says how the figures until then, which are stored, become a page. */
export function afterFailure(error: unknown, directory: RunDirectory): unknown {
  abandonDirectory(directory);
  const isOfDisk = error instanceof DrayageError && error.code === "storage";
  if (!isOfDisk || !existsSync(directory.file("run.json"))) return error;
  const command = `drayage report ${normalize(directory.path)}`;
  return new DrayageError(
    "storage",
    `${messageOf(error)}\nwhat was measured until then is kept: ${command} makes its page`,
  );
}

/** Does what may be refused before a run begins. */
export function orAbandon<T>(directory: RunDirectory, act: () => T): T {
  try {
    return act();
  } catch (error) {
    throw afterFailure(error, directory);
  }
}
