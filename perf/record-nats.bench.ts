import { spawn } from "node:child_process";
import { statSync } from "node:fs";
import { join } from "node:path";
import { ArchiveReader } from "../src/archive/archive-reader.ts";
import { micros } from "../src/core/units.ts";
import { startNatsServer } from "../test/fakes/nats-server.ts";
import type { Bench, BenchResult, Target } from "./bench.ts";
import { cpuSecondsOf, MissingProgram, resultOf } from "./measure.ts";
import { endRecorder, startRecorder } from "./recorder-process.ts";

const RATE = 50_000;
const BYTES = 128;
const SUBJECTS = 1000;
/** recorder.md section 11: 50,000 messages of 128 bytes a second, for a minute, without a gap. */
const AT_LEAST: Target = { atLeast: RATE * 0.995 };

/** Seconds from the first to the last message, and by how many ms the publisher itself was late at most. */
async function publish(port: number, messages: number): Promise<readonly [number, number]> {
  const client = join(import.meta.dirname, "nats-client.ts");
  const numbers = [port, messages, RATE, BYTES, SUBJECTS].map(String);
  const child = spawn(process.execPath, [client, ...numbers], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let text = "";
  for await (const part of child.stdout) text += String(part);
  const [seconds = Number.NaN, latest = Number.NaN] = text.trim().split(" ").map(Number);
  return [seconds, latest];
}

type Kept = { readonly bytes: number; readonly batches: number };

/** Throws unless every message is there once, in its order, under its path, and there is no gap. */
async function checkArchive(folder: string, messages: number): Promise<Kept> {
  const reader = await ArchiveReader.open(folder);
  const cursor = reader.cursor(micros(0));
  let number = 0;
  let batches = 0;
  for (let item = cursor.take(); item !== null; item = cursor.take()) {
    if (item.kind !== "batch") throw new Error(`a gap of ${item.dropped} messages: ${item.why}`);
    batches++;
    for (const event of item.events) {
      if (event.kind !== "value") throw new Error(`message ${number} is recorded as ${event.kind}`);
      const text = Buffer.from(event.value).toString("latin1");
      const isRight =
        event.path === `/bench/${number % SUBJECTS}` &&
        text.length === BYTES &&
        text.startsWith(`${number} `);
      if (!isRight) throw new Error(`where message ${number} should be is ${event.path}, ${text}`);
      number++;
    }
  }
  await reader.close();
  if (number !== messages) throw new Error(`${messages} were published, ${number} recorded`);
  return { batches, bytes: statSync(join(folder, "current")).size };
}

export const bench: Bench = {
  name: "record-nats",
  question: "Does the recorder keep up with 50,000 messages a second from a NATS server?",
  topology: `
    publisher (process) ---> nats-server ---> drayage record (process) ---> archive, read back and counted afterwards
    50,000 messages of 128 bytes a second on 1,000 subjects; all three share the machine`,
  async run({ quick, tmp }) {
    const server = await startNatsServer();
    if (server === undefined)
      throw new MissingProgram("nats-server", "apt-get install nats-server");
    try {
      const messages = RATE * (quick ? 5 : 60);
      const recorder = await startRecorder(join(tmp, "record.json"), {
        archive_directory: join(tmp, "archive"),
        nats: { servers: [server.url] },
        record: { spec: ["/bench/**"] },
      });
      const before = cpuSecondsOf(recorder.pid as number);
      const serverBefore = cpuSecondsOf(server.pid);
      const [seconds, latest] = await publish(server.port, messages);
      const cpu = cpuSecondsOf(recorder.pid as number) - before;
      const serverCpu = cpuSecondsOf(server.pid) - serverBefore;
      await endRecorder(recorder);
      const kept = await checkArchive(join(tmp, "archive"), messages);
      const one = (metric: string, unit: string, value: number): BenchResult =>
        resultOf({ metric, unit }, [value]);
      return [
        resultOf({ metric: "recorded without a gap", unit: "messages/s", target: AT_LEAST }, [
          messages / seconds,
        ]),
        one("recorder: processor", "us/message", (cpu / messages) * 1e6),
        one("recorder: processor", "cores", cpu / seconds),
        one("nats-server: processor", "cores", serverCpu / seconds),
        one("publisher late at most", "ms", latest),
        one("messages in a batch", "", messages / kept.batches),
        one("archive", "bytes/message", kept.bytes / messages),
      ];
    } finally {
      await server.stop();
    }
  },
};
