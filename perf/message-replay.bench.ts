import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { BroadcastStatistics } from "../src/playback/message-log/broadcast-statistics.ts";
import type { MessageSink } from "../src/playback/message-log/message-sink.ts";
import { ReadDirectory } from "../src/playback/message-log/read-directory.ts";
import { Replay } from "../src/playback/message-log/replay.ts";
import { WriteFile } from "../src/playback/message-log/write-file.ts";
import type { Bench, BenchResult } from "./bench.ts";
import { resultOf } from "./measure.ts";

const RATE = 1000;
const STALL_MS = 200;
const FAST = 1e6;

/** Four logs, `count` messages in turn, 1,000 a second in all. */
function writeLogs(directory: string, count: number): void {
  mkdirSync(directory);
  const writers = ["Gps", "Imu", "Image", "State"].map(
    (type) => new WriteFile(join(directory, type), type, { timeOrigin: 0 }),
  );
  for (let index = 0; index < count; index++) {
    writers[index % writers.length]?.write({
      elapsed_time: index / RATE,
      topic: `topic/${index % 16}`,
      payload: { index, text: "some forty bytes of text in each message" },
    });
  }
  for (const writer of writers) writer.close();
}

/** Counts what comes and stalls once, in the middle. Throws when a message is missing, doubled or out of order. */
function checkingSink(stallAt: number): MessageSink & { readonly next: () => number } {
  let next = 0;
  return {
    next: () => next,
    async open() {},
    async close() {},
    send({ payload }) {
      const { index } = payload as { index: number };
      if (index !== next) throw new Error(`message ${next} is ${index}`);
      next++;
      if (index !== stallAt) return;
      return new Promise((resolve) => setTimeout(resolve, STALL_MS));
    },
  };
}

async function replayed(
  directory: string,
  { count, speed, stallAt }: { count: number; speed: number; stallAt: number },
): Promise<ReturnType<Replay["stats"]> & { readonly seconds: number }> {
  const sink = checkingSink(stallAt);
  const statistics = new BroadcastStatistics();
  const replay = new Replay(new ReadDirectory(directory), speed, { sink, statistics });
  let failure: Error | undefined;
  replay.on("error", (error) => {
    failure ??= error;
  });
  const started = performance.now();
  replay.start();
  const figures = await replay.done();
  const seconds = (performance.now() - started) / 1000;
  await replay.close();
  if (failure !== undefined) throw failure;
  if (figures.sent !== count || sink.next() !== count)
    throw new Error(`${figures.sent} of ${count}`);
  return { ...figures, seconds };
}

const inMillis = (metric: string, seconds: number | null): BenchResult =>
  resultOf({ metric, unit: "ms" }, [(seconds ?? Number.NaN) * 1000]);

export const bench: Bench = {
  name: "message-replay",
  question:
    "How late are the messages of a log at 1,000/s, and how many can be replayed per second?",
  topology: `
    reader thread --- queue of 5,000 ---> main thread, woken by the pacing thread ---> sink that counts`,
  async run({ quick, tmp }) {
    const count = quick ? 5000 : 100_000;
    const directory = join(tmp, "logs");
    writeLogs(directory, count);
    const paced = await replayed(directory, { count, speed: 1, stallAt: -1 });
    const stalled = await replayed(directory, { count, speed: 1, stallAt: count / 2 });
    const fast = await replayed(directory, { count, speed: FAST, stallAt: -1 });
    if ((stalled.lateness.max ?? 0) < STALL_MS / 2000)
      throw new Error("the stall left no lateness");
    return [
      inMillis("lateness p50 at 1,000/s", paced.lateness.p50),
      inMillis("lateness p99 at 1,000/s", paced.lateness.p99),
      inMillis("lateness max at 1,000/s", paced.lateness.max),
      inMillis("drift at 1,000/s", paced.drift),
      inMillis("with a stall of 200 ms: lateness max", stalled.lateness.max),
      inMillis("with a stall of 200 ms: drift", stalled.drift),
      resultOf({ metric: "unpaced", unit: "messages/s" }, [count / fast.seconds]),
    ];
  },
};
