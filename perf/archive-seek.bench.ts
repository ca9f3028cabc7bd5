import { execFileSync } from "node:child_process";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { ArchiveReader } from "../src/archive/archive-reader.ts";
import { ArchiveWriter } from "../src/archive/archive-writer.ts";
import { random } from "../src/core/random.ts";
import { bytes, type Micros, millis } from "../src/core/units.ts";
import type { Bench, BenchResult, Target } from "./bench.ts";
import { quantile, resultOf } from "./measure.ts";

const PATHS = 1000;
const EVENTS = 20;
const VALUE_BYTES = 400;
const FILES = 365;

const MB = 1_000_000;
const GIB = 2 ** 30;
const MIB = 2 ** 20;

/** recorder.md section 11. */
const SEEK_US: Target = { atMost: 500_000 };
const OPEN_MS: Target = { atMost: 1000 };
const BYTES_PER_PATH: Target = { atMost: 64 };
const MEMORY_MIB: Target = { atMost: 64 };
/** Their difference says what a path takes. */
const MANY_PATHS = 1_000_000;
const SOME_PATHS = 100_000;
const MEMORY_SEEKS = 5;

const source = { kind: "api", spec: ["/**"], host: "bench" } as const;
/** Nothing is committed before the end: how fast the disk is, is no question here. */
const flush = { flushInterval: millis(0), flushBytes: bytes(0) };

const paths = Array.from({ length: PATHS }, (_, at) => `/p/${at}`);

/** One file of about so many bytes; the stamps of its batches, whose every event tells its number. */
async function record(folder: string, sizeMax: number): Promise<Micros[]> {
  const chance = random(`seek ${sizeMax}`);
  const noise = Buffer.from(Array.from({ length: VALUE_BYTES * 500 }, () => chance.integer(256)));
  const writer = await ArchiveWriter.open({ directory: folder, source, codec: "none", ...flush });
  const stamps: Micros[] = [];
  for (let number = 0; writer.state().bytes < sizeMax; number++) {
    const stamp = writer.append(
      Array.from({ length: EVENTS }, (_, at) => {
        const from = ((number * EVENTS + at) * 7919) % (noise.length - VALUE_BYTES);
        const value = Buffer.from(noise.subarray(from, from + VALUE_BYTES));
        value.writeUInt32LE(number);
        return {
          kind: "value",
          path: paths[(number * EVENTS + at) % PATHS] as string,
          value,
        } as const;
      }),
    );
    if (stamp === null) throw new Error("the disk is full");
    stamps.push(stamp);
  }
  await writer.rotate();
  await writer.close();
  return stamps;
}

/** Microseconds until a cursor stands there, and until the whole image was walked. */
async function seek(
  reader: ArchiveReader,
  { stamps, at }: { stamps: readonly Micros[]; at: number },
): Promise<{ cursor: number; image: number }> {
  const begun = performance.now();
  const next = reader.cursor(stamps[at] as Micros).take();
  const cursor = (performance.now() - begun) * 1000;
  if (next?.kind !== "batch" || next.stamp !== stamps[at + 1])
    throw new Error("not the next batch");
  const before = performance.now();
  let newest = -1;
  let count = 0;
  for await (const { event } of (await reader.imageAt(stamps[at] as Micros)).entries()) {
    count++;
    if (event?.kind === "value") newest = Math.max(newest, Buffer.from(event.value).readUInt32LE());
  }
  if (count !== PATHS || newest !== at)
    throw new Error(`an image of ${count} paths up to ${newest}`);
  return { cursor, image: (performance.now() - before) * 1000 };
}

/** The first seek, which reads the index, and then many. */
async function seeks(
  folder: string,
  { what, sizeMax, rounds }: { what: string; sizeMax: number; rounds: number },
): Promise<BenchResult[]> {
  const stamps = await record(folder, sizeMax);
  const reader = await ArchiveReader.open(folder);
  const chance = random("positions");
  const position = () => PATHS / EVENTS + chance.integer(stamps.length - PATHS / EVENTS - 1);
  const first = await seek(reader, { stamps, at: position() });
  const times: { cursor: number; image: number }[] = [];
  for (let round = 0; round < rounds; round++)
    times.push(await seek(reader, { stamps, at: position() }));
  await reader.close();
  const whole = times.map(({ cursor, image }) => cursor + image);
  const one = (metric: string, values: readonly number[], target?: Target): BenchResult =>
    resultOf(
      { metric: `${what}: ${metric}`, unit: "us", ...(target === undefined ? {} : { target }) },
      values,
    );
  return [
    one("first seek of all", [first.cursor + first.image], SEEK_US),
    one(
      "cursor",
      times.map(({ cursor }) => cursor),
    ),
    one(
      "image",
      times.map(({ image }) => image),
    ),
    one("seek, slowest of a hundred", [quantile(whole, 0.99)], SEEK_US),
  ];
}

async function openMany(folder: string): Promise<BenchResult> {
  const writer = await ArchiveWriter.open({ directory: folder, source });
  for (let file = 0; file < FILES; file++) {
    writer.append([{ kind: "value", path: "/day", value: Buffer.from(String(file)) }]);
    await writer.rotate();
  }
  await writer.close();
  const times: number[] = [];
  for (let round = 0; round < 5; round++) {
    const begun = performance.now();
    const reader = await ArchiveReader.open(folder);
    times.push(performance.now() - begun);
    if (reader.last() === null) throw new Error("nothing was found in many files");
    await reader.close();
  }
  return resultOf({ metric: `open ${FILES} sealed files`, unit: "ms", target: OPEN_MS }, times);
}

/** What a reader in a process of its own holds, with an image, and what is resident at the most, garbage included. */
function memoryOf(folder: string, pathsThere: number): { held: number; resident: number } {
  const reader = join(import.meta.dirname, "archive-memory-reader.ts");
  const args = ["--expose-gc", reader, folder, String(MEMORY_SEEKS)];
  const text = execFileSync(process.execPath, args, { encoding: "utf8" });
  const [held = Number.NaN, resident = Number.NaN, found] = text.trim().split(" ").map(Number);
  if (found !== pathsThere) throw new Error(`an image of ${found} paths, not of ${pathsThere}`);
  return { held, resident };
}

async function recordPaths(folder: string, count: number): Promise<void> {
  const writer = await ArchiveWriter.open({ directory: folder, source, codec: "none", ...flush });
  for (let at = 0; at < count; at += 1000)
    writer.append(
      Array.from({ length: 1000 }, (_, index) => ({
        kind: "value",
        path: `/v2/library/image-${at + index}`,
        value: Buffer.from(String(at + index)),
      })),
    );
  await writer.rotate();
  await writer.close();
}

/** The paths' own bytes are kept, 27 a path here. */
async function memory(tmp: string, bigFolder: string, quick: boolean): Promise<BenchResult[]> {
  const many = quick ? MANY_PATHS / 5 : MANY_PATHS;
  await recordPaths(join(tmp, "many"), many);
  await recordPaths(join(tmp, "some"), SOME_PATHS);
  const [ofMany, ofSome] = [
    memoryOf(join(tmp, "many"), many),
    memoryOf(join(tmp, "some"), SOME_PATHS),
  ];
  const big = memoryOf(bigFolder, PATHS);
  const perPath = (ofMany.held - ofSome.held) / (many - SOME_PATHS);
  const one = (metric: string, unit: string, value: number, target?: Target): BenchResult =>
    resultOf({ metric: `memory, ${metric}`, unit, ...(target === undefined ? {} : { target }) }, [
      value,
    ]);
  return [
    one("held", "bytes/path", perPath, BYTES_PER_PATH),
    one("held, largest file, few paths", "MiB", big.held / MIB, MEMORY_MIB),
    one("resident, largest file, few paths", "MiB", big.resident / MIB, MEMORY_MIB),
    one(`resident, ${many.toLocaleString("en-US")} paths`, "MiB", ofMany.resident / MIB),
  ];
}

export const bench: Bench = {
  name: "archive-seek",
  question:
    "How long does a seek take, by the size of the file? How long to open a year of files? What memory does a reader take?",
  topology: `
    sealed file of incompressible values, image every 64 MiB, as far as may be in the system's cache
    position ---> index ---> cursor: the next batch
    position ---> index ---> newest image + ids of batches ---> records that hold last events ---> 1,000 paths`,
  async run({ quick, tmp }) {
    const sizes = quick
      ? [
          { what: "10 MB", sizeMax: 10 * MB },
          { what: "200 MB", sizeMax: 200 * MB },
        ]
      : [
          { what: "100 MB", sizeMax: 100 * MB },
          { what: "10 GiB", sizeMax: 10 * GIB },
        ];
    const results: BenchResult[] = [];
    for (const { what, sizeMax } of sizes)
      results.push(...(await seeks(join(tmp, what), { what, sizeMax, rounds: quick ? 20 : 100 })));
    const bigFolder = join(tmp, sizes.at(-1)?.what ?? "");
    results.push(...(await memory(tmp, bigFolder, quick)));
    rmSync(bigFolder, { recursive: true });
    return [...results, await openMany(join(tmp, "year"))];
  },
};
