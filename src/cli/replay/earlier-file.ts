import { rmSync, statSync } from "node:fs";

/**
 * Looks at a file that a run may write, before it does. What is returned takes it away if the run has not written it: it would be
 * taken for a file of this run, and is one of an earlier run.
 */
export function earlierFile(path: string | undefined): () => void {
  if (path === undefined) return () => {};
  const before = stampOf(path);
  return () => {
    if (before !== undefined && stampOf(path) === before) rmSync(path, { force: true });
  };
}

function stampOf(path: string): string | undefined {
  const found = statSync(path, { throwIfNoEntry: false, bigint: true });
  return found?.isFile() === true ? `${found.ino} ${found.mtimeNs} ${found.size}` : undefined;
}
