import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { DrayageError, messageOf } from "../core/errors.ts";
import { makeFolder } from "../core/folder.ts";
import type { Distribution } from "../stats/distribution.ts";
import { toHdr } from "../stats/hdr.ts";

/** `name` becomes that of the file. */
export type NamedDistribution = { readonly name: string; readonly distribution: Distribution };

/** As HdrHistogram's own tools: so many points between a percentile and the one half as far from 100 %. */
const TICKS_PER_HALF = 5;
const NANOS_PER_MILLI = 1e6;

/**
 * percentiles/<name>.hgrm: the table that HdrHistogram's plotter draws, values in ms. No file for what has no values.
 * Throws DrayageError `storage`.
 */
export function writePercentiles(folder: string, all: readonly NamedDistribution[]): void {
  try {
    makeFolder(folder);
    for (const { name, distribution } of all) {
      if (distribution.total === 0) continue;
      const text = toHdr(distribution).outputPercentileDistribution(
        TICKS_PER_HALF,
        NANOS_PER_MILLI,
      );
      writeFileSync(join(folder, `${name}.hgrm`), text);
    }
  } catch (error) {
    throw new DrayageError("storage", `cannot write ${folder}: ${messageOf(error)}`, {
      cause: error,
    });
  }
}
