import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import { UsageError } from "../../core/errors.ts";
import type { Distribution } from "../../stats/distribution.ts";
import { decodeHdr } from "../../stats/hdr.ts";

/** One line of histograms.hlog: seconds since the start of the run. */
export type StoredInterval = {
  readonly start: number;
  readonly length: number;
  readonly distribution: Distribution;
};

const line = /^Tag=([^,]+),([\d.]+),([\d.]+),[\d.]+,([A-Za-z0-9+/=]+)$/;

/**
 * The intervals of histograms.hlog by tag (docs/formats/histograms.md), of those tags that are wanted. A last line that a
 * kill cut off is left out. Throws UsageError where there is no such file.
 */
export async function readHistograms(
  path: string,
  wanted: (tag: string) => boolean,
): Promise<Map<string, StoredInterval[]>> {
  const tags = new Map<string, StoredInterval[]>();
  try {
    for await (const text of createInterface({ input: createReadStream(path) })) {
      const [, tag = "", start, length, histogram = ""] = line.exec(text) ?? [];
      if (tag === "" || !wanted(tag)) continue;
      const distribution = decoded(histogram);
      if (distribution === undefined) continue;
      const intervals = tags.get(tag) ?? [];
      intervals.push({ start: Number(start), length: Number(length), distribution });
      tags.set(tag, intervals);
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    throw new UsageError(`${path} is not there: name the directory of a run`, { cause: error });
  }
  return tags;
}

function decoded(histogram: string): Distribution | undefined {
  try {
    return decodeHdr(histogram);
  } catch {
    return undefined;
  }
}
