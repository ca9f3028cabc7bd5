import { join } from "node:path";
import { ArchiveReader } from "../src/archive/archive-reader.ts";
import { ArchiveWriter } from "../src/archive/archive-writer.ts";
import { random } from "../src/core/random.ts";
import { bytes, type Micros, millis } from "../src/core/units.ts";
import type { Bench, BenchResult } from "./bench.ts";
import { resultOf } from "./measure.ts";

const PATHS = 1000;
const EVENTS = 20;
const VALUE_BYTES = 400;
const FILES = 365;

const MB = 1_000_000;

/** One file of about so many bytes; the stamps of its batches, whose every event tells its number. */
async function record(folder: string, sizeMax: number): Promise<Micros[]> {
  const chance = random(`seek ${sizeMax}`);
  const noise = Buffer.from(Array.from({ length: VALUE_BYTES * 50 }, () => chance.integer(256)));
  const source = { kind: "api", spec: ["/**"], host: "bench" } as const;
  const flush = { flushInterval: millis(0), flushBytes: bytes(0) };
  const writer = await ArchiveWriter.open({ directory: folder, source, ...flush });
  const stamps: Micros[] = [];
  for (let number = 0; writer.state().bytes < sizeMax; number++) {
    const stamp = writer.append(
      Array.from({ length: EVENTS }, (_, at) => {
        const from = chance.integer(noise.length - VALUE_BYTES);
        const value = Buffer.from(noise.subarray(from, from + VALUE_BYTES));
        value.writeUInt32LE(number);
        return { kind: "value", path: `/p/${(number * EVENTS + at) % PATHS}`, value } as const;
      }),
    );
    if (stamp === null) throw new Error("the disk is full");
    stamps.push(stamp);
  }
  await writer.rotate();
  await writer.close();
  return stamps;
}

/** Milliseconds until a cursor stands there, and until the whole image was walked. */
async function seek(
  reader: ArchiveReader,
  { stamps, at }: { stamps: readonly Micros[]; at: number },
): Promise<{ cursor: number; image: number }> {
  const begun = performance.now();
  const next = reader.cursor(stamps[at] as Micros).take();
  const cursor = performance.now() - begun;
  if (next?.kind !== "batch" || next.stamp !== stamps[at + 1])
    throw new Error("not the next batch");
  const before = performance.now();
  let newest = -1;
  let paths = 0;
  for await (const { event } of (await reader.imageAt(stamps[at] as Micros)).entries()) {
    paths++;
    if (event?.kind === "value") newest = Math.max(newest, Buffer.from(event.value).readUInt32LE());
  }
  if (paths !== PATHS || newest !== at)
    throw new Error(`an image of ${paths} paths up to ${newest}`);
  return { cursor, image: performance.now() - before };
}

async function openMany(folder: string): Promise<number> {
  const source = { kind: "api", spec: ["/**"], host: "bench" } as const;
  const writer = await ArchiveWriter.open({ directory: folder, source });
  for (let file = 0; file < FILES; file++) {
    writer.append([{ kind: "value", path: "/day", value: Buffer.from(String(file)) }]);
    await writer.rotate();
  }
  await writer.close();
  const begun = performance.now();
  const reader = await ArchiveReader.open(folder);
  const took = performance.now() - begun;
  const last = reader.last();
  await reader.close();
  if (last === null) throw new Error("nothing was found in many files");
  return took;
}

export const bench: Bench = {
  name: "archive-seek",
  question: "How long does a seek take, by the size of the file? How long to open a year of files?",
  topology: `
    sealed file of incompressible values, image every 64 MiB, in the system's cache
    position ---> index ---> cursor: the next batch
    position ---> index ---> newest image + ids of batches ---> records that hold last events ---> 1,000 paths`,
  async run({ quick, tmp }) {
    const results: BenchResult[] = [];
    for (const sizeMb of quick ? [10, 100] : [10, 100, 1000, 4000]) {
      const folder = join(tmp, `size-${sizeMb}`);
      const stamps = await record(folder, sizeMb * MB);
      const reader = await ArchiveReader.open(folder);
      const chance = random("positions");
      const times: { cursor: number; image: number }[] = [];
      for (let round = 0; round < (quick ? 20 : 100); round++) {
        const at = PATHS / EVENTS + chance.integer(stamps.length - PATHS / EVENTS - 1);
        times.push(await seek(reader, { stamps, at }));
      }
      await reader.close();
      results.push(
        resultOf(
          { metric: `${sizeMb} MB: cursor`, unit: "us" },
          times.map(({ cursor }) => cursor * 1000),
        ),
        resultOf(
          { metric: `${sizeMb} MB: image`, unit: "us" },
          times.map(({ image }) => image * 1000),
        ),
      );
    }
    const opening = [await openMany(join(tmp, "year"))];
    return [...results, resultOf({ metric: `open ${FILES} sealed files`, unit: "ms" }, opening)];
  },
};
