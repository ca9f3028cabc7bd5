// Finds keys that mean nothing to drayage. Runs per record: budget 30 ns for one that has none and is written without blanks;
// only others are parsed a second time. Guarded by perf/trace-info.bench.ts.
import type { FileAccount } from "../account.ts";
import { LeftOutKeys } from "../conversion/left-out-keys.ts";
import { RANGE_KEY, type RawRecord, Shape, traceKeys } from "../raw-record.ts";

/** Bytes of a member besides its value: the key in quotes, and the colon. */
const memberBytes = Uint8Array.from(traceKeys, (key) => Buffer.byteLength(key) + 3);
const TEXT_BIT = 1;
const QUOTES = 2;

export class ExtraKeys {
  readonly #keys = new LeftOutKeys();

  note(raw: RawRecord): void {
    if (raw.at !== -1 && raw.bytes !== knownBytes(raw)) this.#keys.note(raw);
  }

  /** Records by key. Every record of a file with columns has all of them. */
  counts(files: readonly FileAccount[]): Readonly<Record<string, number>> {
    const counts = new Map(Object.entries(this.#keys.counts));
    // No column holds it, but a replay of JSON goes by it.
    counts.delete(RANGE_KEY);
    for (const { records, ignoredColumns = [] } of files) {
      for (const column of ignoredColumns)
        if (column !== "") counts.set(column, (counts.get(column) ?? 0) + records);
    }
    return Object.fromEntries(counts);
  }
}

/** Length of the record if it has no blanks and no keys but ours. */
function knownBytes(raw: RawRecord): number {
  // Two braces, and a comma less than there are members.
  let bytes = 1;
  for (let field = 0; field < memberBytes.length; field++) {
    const shape = raw.shapeOf(field);
    if (shape === Shape.absent) continue;
    const quotes = (shape & TEXT_BIT) === 0 ? 0 : QUOTES;
    bytes += (memberBytes[field] as number) + quotes + 1;
    bytes += (raw.to[field] as number) - (raw.from[field] as number);
  }
  return bytes;
}
