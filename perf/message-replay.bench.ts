import { mkdirSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import { Writable } from "node:stream";
import type { BroadcastFigures } from "../src/playback/message-log/broadcast-statistics.ts";
import { BufferData } from "../src/playback/message-log/buffer-data.ts";
import type { MessageSink } from "../src/playback/message-log/message-sink.ts";
import type { Outlet } from "../src/playback/message-log/outlet.ts";
import { ReadDirectory } from "../src/playback/message-log/read-directory.ts";
import { ScheduleBroadcasts } from "../src/playback/message-log/schedule-broadcasts.ts";
import { stdout } from "../src/playback/message-log/stdout-sink.ts";
import { WriteFile } from "../src/playback/message-log/write-file.ts";
import type { Bench, BenchResult, Target } from "./bench.ts";
import { cpuSeconds, interleave, resultOf } from "./measure.ts";

const RATE = 1000;
const STALL_MS = 200;
const AT_ONCE = 1e6;
const ROUNDS = 3;
/** recorder.md and message-replay.md: on a box of two cores with nothing else to do. */
const LATENESS_MS: Target = { atMost: 1 };
const DRIFT_MS: Target = { atMost: 1 };
const MESSAGES_PER_SECOND: Target = { atLeast: 100_000 };

const TEXT = "some forty bytes of text in each message";

/** Four logs, `count` messages in turn, 1,000 a second in all. */
function writeLogs(directory: string, count: number): string {
  mkdirSync(directory);
  const writers = ["Gps", "Imu", "Image", "State"].map(
    (type) => new WriteFile(join(directory, type), type, { timeOrigin: 0 }),
  );
  for (let index = 0; index < count; index++) {
    writers[index % writers.length]?.write({
      elapsed_time: index / RATE,
      topic: `topic/${index % 16}`,
      payload: { index, text: TEXT },
    });
  }
  for (const writer of writers) writer.close();
  return directory;
}

/** Throws when a message is missing, doubled or out of order. */
class Checked {
  count = 0;

  see(payload: unknown): number {
    const { index } = payload as { index: number };
    if (index !== this.count) throw new Error(`message ${this.count} is ${index}`);
    this.count++;
    return index;
  }
}

/** Stalls once. */
const stallingSink = (checked: Checked, stallAt: number): MessageSink => ({
  async open() {},
  async close() {},
  send({ payload }) {
    if (checked.see(payload) !== stallAt) return;
    return new Promise((resolve) => setTimeout(resolve, STALL_MS));
  },
});

/** Where lines go: to the system, and away. Their numbers are read from the text. */
function checkingOutput(checked: Checked): Writable {
  const nowhere = openSync("/dev/null", "w");
  return new Writable({
    decodeStrings: false,
    write(text: string, _, done) {
      writeSync(nowhere, text);
      for (let at = text.indexOf('"index":'); at >= 0; at = text.indexOf('"index":', at + 8))
        checked.see({ index: Number.parseInt(text.slice(at + 8, at + 20), 10) });
      done();
    },
  });
}

type Replayed = { readonly figures: BroadcastFigures; readonly seconds: number };

/** From the start of the reader's thread to the last message delivered. */
async function replayed(
  directory: string,
  { count, speed, outlet, checked }: Case & { readonly checked: Checked },
): Promise<Replayed> {
  const buffer = new BufferData(new ReadDirectory(directory));
  const schedule = new ScheduleBroadcasts(buffer.queue, speed, outlet);
  const ended = new Promise<void>((resolve, reject) => {
    buffer.on("error", reject);
    schedule.on("error", reject).on("end", resolve);
  });
  const started = performance.now();
  buffer.start();
  schedule.start();
  await ended;
  const seconds = (performance.now() - started) / 1000;
  await buffer.close();
  const figures = schedule.stats();
  if (figures.sent !== count || checked.count !== count)
    throw new Error(`${figures.sent} of ${count} were sent, ${checked.count} came`);
  return { figures, seconds };
}

type Case = { readonly count: number; readonly speed: number; readonly outlet: Outlet };

function paced(
  directory: string,
  { count, stallAt }: { count: number; stallAt: number },
): Promise<Replayed> {
  const checked = new Checked();
  const outlet = { sink: stallingSink(checked, stallAt) };
  return replayed(directory, { count, speed: 1, outlet, checked });
}

const inMillis = (metric: string, seconds: number | null, target?: Target): BenchResult =>
  resultOf({ metric, unit: "ms", ...(target === undefined ? {} : { target }) }, [
    (seconds ?? Number.NaN) * 1000,
  ]);

async function atRate(tmp: string, quick: boolean): Promise<BenchResult[]> {
  const count = quick ? 5000 : 100_000;
  const logs = writeLogs(join(tmp, "paced"), count);
  const before = cpuSeconds();
  const { figures, seconds } = await paced(logs, { count, stallAt: -1 });
  const cores = (cpuSeconds() - before) / seconds;
  const { lateness, drift } = figures;
  return [
    inMillis("at 1,000/s: lateness p50", lateness.p50),
    inMillis("at 1,000/s: lateness p99", lateness.p99, LATENESS_MS),
    inMillis("at 1,000/s: lateness p99.9", lateness.p999),
    inMillis("at 1,000/s: lateness max", lateness.max),
    inMillis("at 1,000/s: |drift|", Math.abs(drift ?? Number.NaN), DRIFT_MS),
    resultOf({ metric: "at 1,000/s: processor", unit: "cores" }, [cores]),
  ];
}

/** The stall is visible, whoever came during it was late by no more, and the end is on time again. */
async function withStall(tmp: string, quick: boolean): Promise<BenchResult[]> {
  const count = quick ? 5000 : 20_000;
  const logs = writeLogs(join(tmp, "stalled"), count);
  const { lateness, drift } = (await paced(logs, { count, stallAt: count / 2 })).figures;
  const metric = `stall of ${STALL_MS} ms`;
  return [
    inMillis(`${metric}: lateness max`, lateness.max, { atLeast: STALL_MS - 1 }),
    inMillis(`${metric}: lateness p50`, lateness.p50),
    inMillis(`${metric}: |drift|`, Math.abs(drift ?? Number.NaN), DRIFT_MS),
  ];
}

async function atOnce(tmp: string, quick: boolean): Promise<BenchResult[]> {
  const count = quick ? 50_000 : 500_000;
  const logs = writeLogs(join(tmp, "unpaced"), count);
  const cpu = { hooks: 0, stdout: 0 };
  const run = (name: keyof typeof cpu, outletTo: (checked: Checked) => Outlet) => async () => {
    const checked = new Checked();
    const before = cpuSeconds();
    const outlet = outletTo(checked);
    const { seconds } = await replayed(logs, { count, speed: AT_ONCE, outlet, checked });
    cpu[name] = ((cpuSeconds() - before) / count) * 1e6;
    return count / seconds;
  };
  const rates = await interleave(ROUNDS, {
    hooks: run("hooks", (checked) => ({ hooks: ({ payload }) => void checked.see(payload) })),
    stdout: run("stdout", (checked) => ({ sink: stdout(checkingOutput(checked)) })),
  });
  return (["hooks", "stdout"] as const).flatMap((name) => [
    resultOf(
      { metric: `unpaced, ${name}`, unit: "messages/s", target: MESSAGES_PER_SECOND },
      rates[name],
    ),
    resultOf({ metric: `unpaced, ${name}: processor`, unit: "us/message" }, [cpu[name]]),
  ]);
}

export const bench: Bench = {
  name: "message-replay",
  question:
    "How late are the messages of a log at 1,000/s, does a stall leave drift, and how many can be replayed per second?",
  topology: `
    reader thread --- queue of 5,000 ---> main thread, woken by the alarm clock ---> hook | lines to /dev/null, counted`,
  async run({ quick, tmp }) {
    return [
      ...(await atRate(tmp, quick)),
      ...(await withStall(tmp, quick)),
      ...(await atOnce(tmp, quick)),
    ];
  },
};
