import { appendFileSync, readFileSync, rmSync, statSync } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { McapStreamReader, McapWriter } from "@mcap/core";
import { ArchiveReader } from "../src/archive/archive-reader.ts";
import { ArchiveWriter } from "../src/archive/archive-writer.ts";
import type { CodecName } from "../src/archive/codec.ts";
import type { ArchiveEvent } from "../src/archive/event.ts";
import { micros } from "../src/core/units.ts";
import type { Bench } from "./bench.ts";
import { cpuSeconds, interleave, resultOf } from "./measure.ts";

const MESSAGE_BYTES = 128;
const PATHS = 1000;
/** Messages of one read turn of a client under load. */
const BATCH = 100;
const ROUNDS_QUICK = 3;
const ROUNDS = 5;

const paths = Array.from({ length: PATHS }, (_, at) => `/stream/${at % 10}/${at}`);

/** Half of a message changes from one to the next, as counters, times and names in real ones do. */
function message(number: number): Buffer {
  const head = `{"number":${number},"time":${1_767_225_600_000 + number * 7},"name":"sensor-${number % 97}"}`;
  return Buffer.from(head.padEnd(MESSAGE_BYTES, "."));
}

const contents = Array.from({ length: 5000 }, (_, number) => message(number));
const contentOf = (number: number): Buffer => contents[number % contents.length] as Buffer;

async function writeArchive(folder: string, messages: number, codec: CodecName): Promise<void> {
  const source = { kind: "api", spec: ["/**"], host: "bench" } as const;
  const writer = await ArchiveWriter.open({ directory: folder, source, codec });
  for (let number = 0; number < messages; number += BATCH) {
    const events: ArchiveEvent[] = [];
    for (let at = number; at < number + BATCH; at++)
      events.push({ kind: "value", path: paths[at % PATHS] as string, value: contentOf(at) });
    writer.append(events);
  }
  await writer.close();
}

async function checkArchive(folder: string, messages: number): Promise<void> {
  const reader = await ArchiveReader.open(folder);
  const cursor = reader.cursor(micros(0));
  let number = 0;
  for (let item = cursor.take(); item !== null; item = cursor.take()) {
    if (item.kind !== "batch") throw new Error("the archive has a gap");
    for (const event of item.events) {
      const isRight =
        event.kind === "value" &&
        event.path === paths[number % PATHS] &&
        contentOf(number).equals(event.value);
      if (!isRight) throw new Error(`message ${number} is not what was written`);
      number++;
    }
  }
  await reader.close();
  if (number !== messages) throw new Error(`${number} messages read, ${messages} written`);
}

/** The least that can be done: the bytes of each batch behind one another, synced at the end. */
async function writePlain(path: string, messages: number): Promise<string> {
  for (let number = 0; number < messages; number += BATCH)
    appendFileSync(
      path,
      Buffer.concat(Array.from({ length: BATCH }, (_, at) => contentOf(number + at))),
    );
  const file = await open(path, "r+");
  await file.datasync();
  await file.close();
  return path;
}

async function writeMcap(path: string, messages: number): Promise<string> {
  const file = await open(path, "wx");
  let size = 0n;
  const writable = {
    async write(bytes: Uint8Array): Promise<void> {
      await file.write(bytes);
      size += BigInt(bytes.length);
    },
    position: (): bigint => size,
  };
  const writer = new McapWriter({ writable });
  await writer.start({ profile: "", library: "bench" });
  const ids: number[] = [];
  for (const topic of paths)
    ids.push(
      await writer.registerChannel({
        schemaId: 0,
        topic,
        messageEncoding: "",
        metadata: new Map(),
      }),
    );
  for (let number = 0; number < messages; number++) {
    const time = BigInt(Math.floor(number / BATCH));
    await writer.addMessage({
      channelId: ids[number % PATHS] as number,
      sequence: number,
      logTime: time,
      publishTime: time,
      data: contentOf(number),
    });
  }
  await writer.end();
  await file.datasync();
  await file.close();
  return path;
}

function checkMcap(path: string, messages: number): void {
  const reader = new McapStreamReader();
  reader.append(readFileSync(path));
  let found = 0;
  for (let record = reader.nextRecord(); record !== undefined; record = reader.nextRecord())
    if (record.type === "Message") found++;
  if (found !== messages) throw new Error(`${found} messages in MCAP, ${messages} written`);
}

type Variant = {
  /** Gives the file in which the messages are. */
  readonly write: (path: string, messages: number) => Promise<string>;
  readonly check: (path: string, messages: number) => void | Promise<void>;
};

const archive = (codec: CodecName): Variant => ({
  write: async (path, messages) => {
    await writeArchive(path, messages, codec);
    return join(path, "current");
  },
  check: checkArchive,
});

const variants: Readonly<Record<string, Variant>> = {
  "archive none": archive("none"),
  "archive deflate": archive("deflate"),
  "archive zstd": archive("zstd"),
  appendFile: {
    write: writePlain,
    check: (path, messages) => {
      if (statSync(path).size !== messages * MESSAGE_BYTES) throw new Error("bytes are missing");
    },
  },
  "@mcap/core": { write: writeMcap, check: checkMcap },
};

export const bench: Bench = {
  name: "archive-write",
  question: "What does recording cost against the least possible, and against MCAP's own library?",
  topology: `
    one thread: 100 messages of 128 bytes ---> append ---> file, synced at the end
    variants:   archive (none, deflate, zstd) | appendFile of the bytes alone | @mcap/core, chunks uncoded`,
  async run({ quick, tmp }) {
    const messages = quick ? 100_000 : 500_000;
    const rounds = quick ? ROUNDS_QUICK : ROUNDS;
    const costs = new Map<string, number[]>();
    const sizes = new Map<string, number>();
    const timed =
      (name: string, { write, check }: Variant) =>
      async (): Promise<number> => {
        const path = join(tmp, name.replaceAll(/\W/g, "-"));
        const [begun, before] = [performance.now(), cpuSeconds()];
        const file = await write(path, messages);
        const seconds = (performance.now() - begun) / 1000;
        const cost = ((cpuSeconds() - before) / messages) * 1e6;
        costs.set(name, [...(costs.get(name) ?? []), cost]);
        sizes.set(name, statSync(file).size);
        await check(path, messages);
        rmSync(path, { recursive: true });
        return messages / seconds;
      };
    const rates = await interleave(
      rounds,
      Object.fromEntries(Object.entries(variants).map(([name, one]) => [name, timed(name, one)])),
    );
    return [
      ...Object.entries(rates).flatMap(([name, values]) => [
        resultOf({ metric: name, unit: "messages/s" }, values),
        resultOf(
          { metric: name, unit: "MB/s" },
          values.map((rate) => (rate * MESSAGE_BYTES) / 1e6),
        ),
        // The first run of each is the uncounted one.
        resultOf(
          { metric: `${name}: processor`, unit: "us/message" },
          (costs.get(name) ?? []).slice(1),
        ),
        resultOf({ metric: `${name}: file`, unit: "bytes/message" }, [
          (sizes.get(name) ?? 0) / messages,
        ]),
      ]),
      ...["appendFile", "@mcap/core"].map((other) =>
        resultOf(
          { metric: `archive none / ${other}`, unit: "x" },
          (rates["archive none"] ?? []).map((rate, round) => rate / (rates[other]?.[round] ?? 0)),
        ),
      ),
    ];
  },
};
