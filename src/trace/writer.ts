// Writes traces in the native format: JSON arrays in shards of a day.
//
//   OUT/data_centers/<zone>/<prefix>-logstash-YYYY.MM.DD-N.json[.gz|.zst]      N from 0 within each UTC day
//
// A record belongs to the day of its end and to the shard of its start, so that shards of a day overlap in time as the
// published ones do. A shard is held in memory until no more records can come, is shuffled, and is then written: at most
// RECORDS_MAX records, after which the next N begins.
import { createWriteStream } from "node:fs";
import { rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGzip, createZstdCompress } from "node:zlib";
import { DrayageError } from "../core/errors.ts";
import { makeFolder } from "../core/folder.ts";
import type { Random } from "../core/random.ts";
import type { Compression } from "./account.ts";
import { type NativeRecord, nativeLine } from "./native-record.ts";
import { RecordShard } from "./record-shard.ts";

export type WrittenShard = {
  readonly path: string;
  readonly records: number;
  /** Size of the file, compressed if it is. */
  readonly bytes: number;
};

export type ShardPlan = {
  readonly outDir: string;
  readonly zone: string;
  readonly shardHours: number;
  readonly compression: Compression;
};

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
/** The largest published shards have about as many. */
const RECORDS_MAX = 100_000;

const extensions: Record<Compression, string> = { none: "", gzip: ".gz", zstd: ".zst" };

const compressors = {
  none: () => [],
  gzip: () => [createGzip()],
  zstd: () => [createZstdCompress()],
} satisfies Record<Compression, () => NodeJS.ReadWriteStream[]>;

/** Matches the files of a zone that any run may have written, the unfinished ones of a killed run too. */
export const shardPattern = /-logstash-\d{4}\.\d\d\.\d\d-\d+\.json(?:\.gz|\.zst)?(?:\.part)?$/;

export const zoneFolder = ({ outDir, zone }: { outDir: string; zone: string }): string =>
  join(outDir, "data_centers", zone);

/** The zones that were in production carry that in the names of their files. */
const productionZones = ["dal09", "lon02", "fra02", "syd01"];
const prefixOf = (zone: string): string => (productionZones.includes(zone) ? `prod-${zone}` : zone);

type OpenShard = { readonly shard: RecordShard; readonly name: string; readonly closesAt: number };

/** Takes records in the order of sessions; `settle` and `close` write what is complete. */
export class TraceWriter {
  readonly #plan: ShardPlan;
  readonly #chance: Random;
  readonly #open = new Map<number, OpenShard>();
  #full: OpenShard[] = [];
  readonly #shardsOfDay = new Map<string, number>();
  readonly #written: WrittenShard[] = [];

  /** `chance` shuffles the records of a shard. */
  constructor(plan: ShardPlan, chance: Random) {
    this.#plan = plan;
    this.#chance = chance;
  }

  /** `start` in milliseconds since the Unix epoch. */
  add(record: NativeRecord, start: number): void {
    const endDay = Math.floor(record.end / DAY_MS);
    // A request that ends on the day after its start is the first shard's of that day.
    const inDay = Math.max(0, start - endDay * DAY_MS);
    const window = Math.floor(inDay / (this.#plan.shardHours * HOUR_MS));
    const key = endDay * 2 ** 32 + window;
    const open = this.#open.get(key) ?? this.#begin(key, endDay, window);
    open.shard.add(nativeLine(record));
    if (open.shard.records < RECORDS_MAX) return;
    this.#full.push(open);
    this.#open.delete(key);
  }

  /** Whether `settle` would write a shard. */
  isDue(start: number): boolean {
    if (this.#full.length > 0) return true;
    for (const { closesAt } of this.#open.values()) if (closesAt <= start) return true;
    return false;
  }

  /** Writes the shards that are full or closed: no later record starts before `start`. */
  async settle(start: number): Promise<void> {
    const due = [...this.#open].filter(([, { closesAt }]) => closesAt <= start);
    for (const [key] of due) this.#open.delete(key);
    const shards = [...this.#full, ...due.map(([, open]) => open)];
    this.#full = [];
    for (const open of shards) await this.#write(open);
  }

  /** Writes the rest and returns all files of this run in the order in which they were written. */
  async close(): Promise<readonly WrittenShard[]> {
    await this.settle(Number.POSITIVE_INFINITY);
    return this.#written;
  }

  #begin(key: number, day: number, window: number): OpenShard {
    const date = new Date(day * DAY_MS).toISOString().slice(0, 10).replaceAll("-", ".");
    const number = this.#shardsOfDay.get(date) ?? 0;
    this.#shardsOfDay.set(date, number + 1);
    const { zone, shardHours, compression } = this.#plan;
    const open = {
      shard: new RecordShard(),
      name: `${prefixOf(zone)}-logstash-${date}-${number}.json${extensions[compression]}`,
      closesAt: day * DAY_MS + Math.min(DAY_MS, (window + 1) * shardHours * HOUR_MS),
    };
    this.#open.set(key, open);
    return open;
  }

  // Under its own name a shard is complete: whoever looks meanwhile, or after a crash, sees none that is cut off.
  async #write({ shard, name }: OpenShard): Promise<void> {
    const path = join(zoneFolder(this.#plan), name);
    const part = `${path}.part`;
    const source = Readable.from(shard.shuffledArray(this.#chance), { objectMode: false });
    const compressor = compressors[this.#plan.compression]();
    try {
      makeFolder(zoneFolder(this.#plan));
      await pipeline([source, ...compressor, createWriteStream(part)]);
      await rename(part, path);
      const { size: bytes } = await stat(path);
      this.#written.push({ path, records: shard.records, bytes });
    } catch (error) {
      await rm(part, { force: true }).catch(() => undefined);
      throw new DrayageError("storage", `cannot write ${path}`, { cause: error });
    }
  }
}
