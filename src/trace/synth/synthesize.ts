import { existsSync, readdirSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { UsageError } from "../../core/errors.ts";
import { random } from "../../core/random.ts";
import type { Compression } from "../account.ts";
import { shardPattern, TraceWriter, type WrittenShard, zoneFolder } from "../writer.ts";
import { checkProfile, defaultProfile, type SynthProfile } from "./profile.ts";
import { Sessions } from "./sessions.ts";

export type SynthOptions = {
  readonly outDir: string;
  readonly records: number;
  readonly seed: number | string;
  readonly zone?: string;
  /** Milliseconds since the Unix epoch. */
  readonly start?: number;
  /** Above 0, at most 24. */
  readonly shardHours?: number;
  readonly compression?: Compression;
  /** What differs from the default profile. */
  readonly profile?: Partial<SynthProfile>;
  /** Replaces the shards of the zone that are there; without it they are an error. */
  readonly force?: boolean;
  /** Records written so far. */
  readonly onProgress?: (records: number) => void;
};

export type Synthesized = {
  readonly files: readonly WrittenShard[];
  readonly records: number;
  readonly bytes: number;
};

/** Midnight of the published trace's first day. */
const DEFAULT_START = Date.UTC(2017, 5, 20);
const RECORDS_MAX = 1e12;
/** The years that the native timestamp can write, and where a trace may begin. */
const END_MAX = Date.UTC(9999, 11, 31);
const START_MAX = Date.UTC(9000, 0, 1);

function* mistakes({ records, zone, start, shardHours }: SynthOptions): Generator<string> {
  if (!Number.isInteger(records) || records < 1 || records > RECORDS_MAX) {
    yield "records must be a whole number from 1 to 10^12";
  }
  if (zone !== undefined && !/^[a-z0-9][a-z0-9-]*$/.test(zone)) {
    yield `zone must be lower-case letters, digits and hyphens, like dal09, not "${zone}"`;
  }
  if (shardHours !== undefined && !(shardHours > 0 && shardHours <= 24)) {
    yield "shard-hours must be above 0 and at most 24";
  }
  if (start !== undefined && !(start >= 0 && start < START_MAX)) {
    yield "start must be a time from 1970 to 9000";
  }
}

/** Shards of a zone that stand where this run would write. */
function standing(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder).filter((name) => shardPattern.test(name));
}

/**
 * Writes a synthetic trace in the native format and returns its files. Equal options give equal bytes (compressed: with
 * the same Node). Memory grows with distinct objects and with one shard, not with records.
 * Throws UsageError for options that cannot be followed and for shards that are already there.
 * Source: trace-replay.md section 7.
 */
export async function synthesize(options: SynthOptions): Promise<Synthesized> {
  const lines = [...mistakes(options)];
  if (lines.length > 0) throw new UsageError(lines);
  const profile = { ...defaultProfile, ...options.profile };
  checkProfile(profile);

  const { outDir, records, seed, zone = "dal09", start = DEFAULT_START } = options;
  if (start + (records / profile.requestsPerSecond) * 1000 > END_MAX)
    throw new UsageError(
      `${records} records at ${profile.requestsPerSecond}/s end after the year 9999: give a higher --rate`,
    );
  const plan = {
    outDir,
    zone,
    shardHours: options.shardHours ?? 6,
    compression: options.compression ?? "none",
  };
  await makeRoom(zoneFolder(plan), options.force ?? false);

  const writer = new TraceWriter(plan, random(`${seed}/order`));
  let written = 0;
  const sessions = new Sessions(
    { records, start, profile },
    random(`${seed}/trace`),
    (record, at) => {
      if (!(record.end <= END_MAX))
        throw new UsageError("a request ends after the year 9999: look at the profile's duration");
      written++;
      writer.add(record, at);
    },
  );
  for (let at = sessions.next(); at !== null; at = sessions.next()) {
    options.onProgress?.(written);
    if (writer.isDue(at)) await writer.settle(at);
  }
  const files = await writer.close();
  return { files, records, bytes: files.reduce((sum, { bytes }) => sum + bytes, 0) };
}

async function makeRoom(folder: string, force: boolean): Promise<void> {
  const old = standing(folder);
  if (old.length > 0 && !force) {
    throw new UsageError(
      `${folder} already holds files of a trace; name another --out, or add --force to replace them`,
    );
  }
  for (const name of old) await rm(join(folder, name));
}
