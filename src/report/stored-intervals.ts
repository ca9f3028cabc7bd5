// The intervals of a stored run, read back from histograms.hlog and counts.ndjson side by side: the first has the
// distributions, the second all else. Both grew interval by interval, so both are read once from start to end.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { messageOf } from "../core/errors.ts";
import type { Distribution } from "../stats/distribution.ts";
import { mergeDistributions } from "../stats/distribution.ts";
import { decodeHdr } from "../stats/hdr.ts";
import {
  type ExampleLine,
  type IntervalCounts,
  joinInterval,
  type PlannedInterval,
} from "./counts-file.ts";
import { wholeLines } from "./text-lines.ts";

const LOG = "histograms.hlog";
const COUNTS = "counts.ndjson";

/** What else the files of a run tell. Filled while its intervals are read. */
export type StoredNotes = {
  /** First message of each failure. */
  readonly examples: Record<string, string>;
  /** Lines that could not be read, as sentences; they are left out. */
  readonly damages: string[];
};

export const newNotes = (): StoredNotes => ({ examples: {}, damages: [] });

type LogLine = { readonly start: string; readonly tag: string; readonly histogram: string };

/** `Tag=get-blob.response,0.000,1.000,173.539,HISTFAAA…` */
const LINE = /^Tag=([^,]+),([\d.]+),[\d.]+,[\d.]+,(\S+)$/;

/** Comments, and the names of the columns. */
const BESIDE = /^(?:#|"|$)/;

function* logLines(path: string, damages: string[]): Generator<LogLine, void, undefined> {
  let number = 0;
  for (const line of wholeLines(path)) {
    number++;
    const [, tag, start, histogram] = LINE.exec(line) ?? [];
    if (tag !== undefined && start !== undefined && histogram !== undefined)
      yield { tag, start, histogram };
    else if (!BESIDE.test(line))
      damages.push(`histograms.hlog, line ${number}: no line of a histogram log`);
  }
}

/** Lines of histograms.hlog, one interval after another, by the start that they have in common. */
export class LogReader {
  readonly #lines: Iterator<LogLine, void, undefined>;
  readonly #damages: string[];
  #next: LogLine | undefined;

  constructor(path: string, damages: string[]) {
    this.#lines = logLines(path, damages);
    this.#damages = damages;
    this.#step();
  }

  #step(): void {
    this.#next = this.#lines.next().value ?? undefined;
  }

  /**
   * Distributions of the interval that starts then. Lines of earlier ones, which had no counts, are passed over. `belongs`:
   * whether the tag may be one of the interval, where intervals that start in the same millisecond have different tags.
   */
  take(startNs: number, belongs: (tag: string) => boolean = () => true): Map<string, Distribution> {
    const start = (startNs / 1e9).toFixed(3);
    const found = new Map<string, Distribution>();
    for (; this.#next !== undefined; this.#step()) {
      const { start: at, tag, histogram } = this.#next;
      if (Number(at) > Number(start)) break;
      // A second line of a tag belongs to an interval behind this one that starts in the same millisecond.
      if (at === start && (found.has(tag) || !belongs(tag))) break;
      if (at === start) this.#keep(found, tag, histogram);
    }
    return found;
  }

  #keep(found: Map<string, Distribution>, tag: string, histogram: string): void {
    try {
      found.set(tag, mergeDistributions([decodeHdr(histogram)]));
    } catch (error) {
      this.#damages.push(`histograms.hlog: ${tag} at ${this.#next?.start} s: ${messageOf(error)}`);
    }
  }
}

/**
 * Every interval of a run directory, in order; of a killed run those that were written whole. Memory: one interval.
 * `notes` is complete when the last interval has been taken. Throws DrayageError `storage`.
 */
export function* storedIntervals(
  directory: string,
  notes: StoredNotes = newNotes(),
): Generator<PlannedInterval, void, undefined> {
  for (const [name, holds] of [
    [LOG, "latencies"],
    [COUNTS, "figures"],
  ] as const)
    if (!existsSync(join(directory, name)))
      notes.damages.push(`${name} is missing: without it there are no ${holds}`);
  const log = new LogReader(join(directory, LOG), notes.damages);
  let number = 0;
  for (const line of wholeLines(join(directory, COUNTS))) {
    number++;
    const counts = parsed(line);
    if (counts === undefined) {
      notes.damages.push(`counts.ndjson, line ${number}: neither an interval nor an example`);
    } else if ("error" in counts) {
      notes.examples[counts.error] ??= counts.example;
    } else {
      yield joinInterval(counts, log.take(counts.start));
    }
  }
}

function parsed(line: string): IntervalCounts | ExampleLine | undefined {
  let content: unknown;
  try {
    content = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (typeof content !== "object" || content === null) return undefined;
  if ("error" in content && "example" in content) return content as ExampleLine;
  const isInterval = "start" in content && "end" in content && "classes" in content;
  return isInterval && "sums" in content ? (content as unknown as IntervalCounts) : undefined;
}
