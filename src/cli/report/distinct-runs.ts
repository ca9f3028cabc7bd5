import { realpathSync } from "node:fs";
import { resolve } from "node:path";
import { UsageError } from "../../core/errors.ts";

/** Throws UsageError for a run directory that is named twice, by whatever path: its figures would count twice. */
export function requireDistinct(paths: readonly string[]): void {
  const named = new Map<string, string>();
  for (const path of paths) {
    const place = placeOf(path);
    const before = named.get(place);
    if (before === path) throw new UsageError(`${path} is named twice: each run counts once`);
    if (before !== undefined)
      throw new UsageError(`${before} and ${path} are the same run: each counts once`);
    named.set(place, path);
  }
}

/** What is not there is told of by whoever reads it. */
function placeOf(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return resolve(path);
  }
}
