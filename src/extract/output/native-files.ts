import { createHash } from "node:crypto";
import { readdirSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { UsageError } from "../../core/errors.ts";
import { PartialFile } from "./partial-file.ts";

/** What the file or the files of a trace come to. `files` only where there are several. */
export type OutputFacts = {
  /** Of the file; of several, of their hashes in order, each on a line. */
  readonly sha256: string;
  readonly bytes: number;
  readonly files?: readonly {
    readonly name: string;
    readonly sha256: string;
    readonly bytes: number;
  }[];
};

const US_PER_HOUR = 3_600_000_000;
const HOURS_PER_DAY = 24;
/** Six years of hours, and a bound for clocks that are wrong by ages. */
const SHARDS_MAX = 50_000;

type Shard = { readonly file: PartialFile; readonly name: string; readonly sha256: string };

/**
 * Where the records of a native trace go, which come in the order of arrival: one file, or one for every so many hours,
 * `<prefix>-logstash-YYYY.MM.DD-N.json`, N counting the shards of a day in UTC from 0. An array begins and ends in each.
 */
export class NativeFiles {
  readonly #path: string;
  readonly #isArray: boolean;
  readonly #shardUs: number;
  readonly #done: Shard[] = [];
  #file: PartialFile | undefined;
  #name: string;
  #isEmpty = true;
  /** Shard of the open file, counted from 1970; NaN before the first record. */
  #shard = Number.NaN;

  /**
   * `shardHours` divides a day; `undefined` writes one file. `keeps`: what is written shall get its name in the end. Throws a
   * UsageError when the place cannot be written.
   */
  constructor(
    path: string,
    {
      isArray,
      shardHours,
      keeps,
    }: { isArray: boolean; shardHours: number | undefined; keeps: boolean },
  ) {
    this.#path = path;
    this.#isArray = isArray;
    this.#shardUs = (shardHours ?? 0) * US_PER_HOUR;
    this.#name = basename(path);
    this.#file = new PartialFile(path);
    if (shardHours === undefined) {
      this.#begin();
      return;
    }
    // It only shows that the folder can be written: names of shards come with the records.
    this.#file.discard();
    this.#file = undefined;
    if (keeps) refuseOlderShards(path);
  }

  /** `arrivalUs`: microseconds since 1970, as written. */
  add(line: string, arrivalUs: number): void {
    if (this.#shardUs > 0) this.#openShard(Math.floor(arrivalUs / this.#shardUs));
    const file = this.#file as PartialFile;
    if (this.#isArray) file.write(this.#isEmpty ? `\n${line}` : `,\n${line}`);
    else file.write(`${line}\n`);
    this.#isEmpty = false;
  }

  /** Everything is on the disk afterwards. */
  complete(): OutputFacts {
    this.#endFile();
    const [first] = this.#done;
    if (this.#shardUs === 0 && first !== undefined)
      return { sha256: first.sha256, bytes: first.file.bytes };
    const files = this.#done.map(({ name, sha256, file }) => ({ name, sha256, bytes: file.bytes }));
    const list = files.map((file) => `${file.sha256}\n`).join("");
    const sha256 = createHash("sha256").update(list).digest("hex");
    return { sha256, bytes: files.reduce((sum, { bytes }) => sum + bytes, 0), files };
  }

  *pieces(): Generator<Buffer> {
    for (const { file } of this.#done) yield* file.pieces();
  }

  rename(): void {
    for (const { file } of this.#done) file.rename();
  }

  /** Removes what was written. Idempotent. */
  discard(): void {
    for (const file of this.#all()) file.discard();
  }

  /** Closes and leaves the unfinished files where they are. */
  keep(): void {
    for (const file of this.#all()) file.keep();
  }

  #all(): PartialFile[] {
    const open = this.#file === undefined ? [] : [this.#file];
    return [...this.#done.map(({ file }) => file), ...open];
  }

  #begin(): void {
    if (this.#isArray) this.#file?.write("[");
    this.#isEmpty = true;
  }

  #openShard(shard: number): void {
    if (shard === this.#shard) return;
    this.#endFile();
    if (this.#done.length >= SHARDS_MAX)
      throw new UsageError(`more than ${SHARDS_MAX} shards: raise --shard-hours`);
    this.#shard = shard;
    this.#name = this.#shardName(shard);
    this.#file = new PartialFile(join(dirname(this.#path), this.#name));
    this.#begin();
  }

  #shardName(shard: number): string {
    const day = new Date((shard * this.#shardUs) / 1000).toISOString().slice(0, -14);
    const perDay = (HOURS_PER_DAY * US_PER_HOUR) / this.#shardUs;
    const number = ((shard % perDay) + perDay) % perDay;
    const ending = this.#isArray ? "json" : "jsonl";
    return `${basename(this.#path)}-logstash-${day.replaceAll("-", ".")}-${number}.${ending}`;
  }

  #endFile(): void {
    const file = this.#file;
    if (file === undefined) return;
    if (this.#isArray) file.write("\n]\n");
    const sha256 = file.complete();
    // Thousands of them would hold a descriptor and a mebibyte each.
    if (this.#shardUs > 0) file.release();
    this.#done.push({ file, name: this.#name, sha256 });
    this.#file = undefined;
  }
}

/** Shards of another run beside ours would be replayed with them. */
function refuseOlderShards(path: string): void {
  const start = `${basename(path)}-logstash-`;
  const older = readdirSync(dirname(path)).find((name) => name.startsWith(start));
  if (older !== undefined)
    throw new UsageError(
      `${join(dirname(path), older)} is there from another run: remove the files ${path}-logstash-*, or choose another prefix`,
    );
}
