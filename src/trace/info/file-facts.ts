import { basename, dirname } from "node:path";
import type { FileAccount } from "../account.ts";

/** A file of a trace. Times are ISO 8601, `null` without records that have one. */
export type FileFacts = FileAccount & {
  readonly first: string | null;
  readonly last: string | null;
  /** Whether no record's timestamp is before that of the record above it. */
  readonly inOrder: boolean;
  /** Other files whose time overlaps. */
  readonly overlaps: number;
};

/** Missing numbers among the shards of one day. */
export type ShardHoles = { readonly series: string; readonly missing: readonly number[] };

type Span = { account: FileAccount; firstUs: number; lastUs: number; readonly inOrder: boolean };

const SHARD = /^(.*logstash-\d{4}\.\d\d\.\d\d)-(\d+)\.json/;
/** Holes listed for one day; a number typed wrong would make millions. */
const HOLES_MAX = 100;

/** Notes when the records of each file were. Runs per record. */
export class FileSpans {
  readonly #spans: Span[] = [];
  #firstUs = Number.POSITIVE_INFINITY;
  #lastUs = Number.NEGATIVE_INFINITY;
  #previousUs = Number.NEGATIVE_INFINITY;
  #inOrder = true;
  #account: FileAccount | undefined;

  startFile(account: FileAccount): void {
    this.endFile();
    this.#account = account;
  }

  note(timeUs: number): void {
    if (timeUs < this.#firstUs) this.#firstUs = timeUs;
    if (timeUs > this.#lastUs) this.#lastUs = timeUs;
    if (timeUs < this.#previousUs) this.#inOrder = false;
    this.#previousUs = timeUs;
  }

  endFile(): void {
    if (this.#account === undefined) return;
    this.#spans.push({
      account: this.#account,
      firstUs: this.#firstUs,
      lastUs: this.#lastUs,
      inOrder: this.#inOrder,
    });
    this.#account = undefined;
    this.#firstUs = Number.POSITIVE_INFINITY;
    this.#lastUs = Number.NEGATIVE_INFINITY;
    this.#previousUs = Number.NEGATIVE_INFINITY;
    this.#inOrder = true;
  }

  facts(): FileFacts[] {
    const timed = this.#spans.filter(({ firstUs }) => Number.isFinite(firstUs));
    const firsts = Float64Array.from(timed, ({ firstUs }) => firstUs).sort();
    const lasts = Float64Array.from(timed, ({ lastUs }) => lastUs).sort();
    return this.#spans.map(({ account, firstUs, lastUs, inOrder }) => ({
      ...account,
      first: isoTime(firstUs),
      last: isoTime(lastUs),
      inOrder,
      // Those that begin before its end, but for those that end before its beginning, and itself.
      overlaps: Number.isFinite(firstUs)
        ? countBelow(firsts, lastUs, true) - countBelow(lasts, firstUs, false) - 1
        : 0,
    }));
  }
}

/** ISO 8601, or `null` if there is no such time. */
export const isoTime = (us: number): string | null => {
  const ms = us / 1000;
  return Math.abs(ms) <= 8.64e15 ? new Date(ms).toISOString() : null;
};

/** How many of the ascending values are below the limit, or equal to it if that counts. */
function countBelow(values: Float64Array, limit: number, equal: boolean): number {
  let low = 0;
  let high = values.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const value = values[middle] as number;
    if (value < limit || (equal && value === limit)) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** What is missing between the lowest and the highest shard number of each day; shards count from 0. */
export function shardHoles(files: readonly string[]): ShardHoles[] {
  const numbers = new Map<string, Set<number>>();
  for (const file of files) {
    const [, series, number] = SHARD.exec(basename(file)) ?? [];
    if (series === undefined || number === undefined) continue;
    const key = `${dirname(file)}/${series}`;
    const known = numbers.get(key) ?? new Set<number>();
    numbers.set(key, known.add(Number(number)));
  }
  return [...numbers].flatMap(([series, known]) => {
    const missing = missingBelow(known);
    return missing.length === 0 ? [] : [{ series, missing }];
  });
}

function missingBelow(known: ReadonlySet<number>): number[] {
  const missing: number[] = [];
  const highest = Math.max(...known);
  for (let number = 0; number < highest && missing.length < HOLES_MAX; number++) {
    if (!known.has(number)) missing.push(number);
  }
  return missing;
}
