import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { DrayageError, messageOf } from "../core/errors.ts";
import { makeFolder } from "../core/folder.ts";
import type { Distribution } from "../stats/distribution.ts";
import { percentileTable } from "./percentile-table.ts";

/** `name` becomes that of the file. */
export type NamedDistribution = { readonly name: string; readonly distribution: Distribution };

/** Milliseconds, and as many points as HdrHistogram's own tools give. */
const SCALE = { ticksPerHalf: 5, unit: 1e6 };

/**
 * percentiles/<name>.hgrm: the table that HdrHistogram's plotter draws, values in ms. No file for what has no values.
 * Throws DrayageError `storage`.
 */
export function writePercentiles(folder: string, all: readonly NamedDistribution[]): void {
  try {
    makeFolder(folder);
    for (const { name, distribution } of all) {
      if (distribution.total === 0) continue;
      writeFileSync(join(folder, `${name}.hgrm`), percentileTable(distribution, SCALE));
    }
  } catch (error) {
    throw new DrayageError("storage", `cannot write ${folder}: ${messageOf(error)}`, {
      cause: error,
    });
  }
}
