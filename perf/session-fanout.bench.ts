// How late are batches, when many sessions play one archive at once, and does it grow?
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { ArchiveReader } from "../src/archive/archive-reader.ts";
import { ArchiveWriter } from "../src/archive/archive-writer.ts";
import { type Micros, micros, millis } from "../src/core/units.ts";
import { WakeClock } from "../src/playback/clock/wake-clock.ts";
import type { StreamSink } from "../src/playback/session/attachment.ts";
import type { Session } from "../src/playback/session/session.ts";
import { SessionHost } from "../src/playback/session/session-host.ts";
import { itemText, type StreamItem } from "../src/playback/session/stream-item.ts";
import { maximumOf, mergeDistributions, valueAtPercentile } from "../src/stats/distribution.ts";
import { decodeHdr } from "../src/stats/hdr.ts";
import type { Bench, BenchContext, BenchResult, Target } from "./bench.ts";
import { cpuSeconds, quantile, resultOf } from "./measure.ts";

const RATE = 1000;
const PATHS = 64;
const VALUE = Buffer.alloc(128, "x");
/** The archive has a batch each millisecond. */
const STEP_US = 1000;
const SLACK_S = 10;
/** recorder.md 8.7 and its case 17: on a box of two cores with nothing else to do. */
const LATENESS_US: Target = { atMost: 1000 };
const DRIFT_US: Target = { atMost: 1000 };
const REACTION_MS: Target = { atMost: 5 };
const REACTIONS = 200;
/** A write to a session that waits for its next batch makes the rest of the wait nothing. */
const AT_ONCE_SPEED = 1e6;

/** Makes the text of what it is sent, as an adapter does, and sees that no batch is lost, doubled or out of order. */
class CountingSink implements StreamSink {
  batches = 0;
  bytes = 0;
  onBatch: () => void = () => {};
  #last = 0;

  send(item: StreamItem): void {
    this.bytes += itemText(item).length;
    if (item.type !== "batch") return;
    if (this.#last !== 0 && item.stamp !== this.#last + STEP_US)
      throw new Error(`batch ${item.stamp} came after ${this.#last}`);
    this.#last = item.stamp;
    this.batches++;
    this.onBatch();
  }

  queued(): number {
    return 0;
  }

  close(): void {}
}

type Playing = {
  readonly session: Session;
  readonly sink: CountingSink;
  readonly speed: number;
  /** On the pacing thread's clock, ns. */
  startedAt: number;
};

export const bench: Bench = {
  name: "session-fanout",
  question:
    "How late are batches of one and of 512 sessions, 1,000 batches a second in all, does it grow, and how soon does a control act?",
  topology: `
    alarm clock --- rings ---> host: 1 or 512 sessions, each with its cursor and one stream ---> text of the items
                                 archive: 64 paths, a batch of 128 bytes each millisecond; speed = 1 / sessions, +- half of it`,
  async run(context) {
    const archive = await recorded(context);
    const seconds = context.quick ? 5 : 60;
    const results: BenchResult[] = [];
    for (const sessions of [1, 512]) results.push(...(await play(archive, { sessions, seconds })));
    await archive.close();
    return results;
  },
};

async function recorded({ tmp, quick }: BenchContext): Promise<ArchiveReader> {
  const directory = join(tmp, "archive");
  let now = Date.now() * 1000 - 3600e6;
  const clock = { wall: () => micros(now), mono: () => micros(now) };
  const source = { kind: "api", spec: ["/**"], host: "bench" } as const;
  const writer = await ArchiveWriter.open({ directory, source, clock });
  const batches = ((quick ? 5 : 60) + SLACK_S) * RATE * 2;
  for (let batch = 0; batch < batches; batch++) {
    now += STEP_US;
    writer.append([{ kind: "value", path: `/load/${batch % PATHS}`, value: VALUE }]);
  }
  await writer.close();
  return ArchiveReader.open(directory);
}

async function play(
  archive: ArchiveReader,
  { sessions, seconds }: { sessions: number; seconds: number },
): Promise<BenchResult[]> {
  const wake = await WakeClock.start();
  const host = hostOf(archive, wake);
  const first = archive.first() as Micros;
  const playing: Playing[] = [];
  for (let number = 0; number < sessions; number++) {
    const speed = speedOf(number, sessions);
    const session = await host.create({ speed }, `client ${number % 8}`);
    const sink = new CountingSink();
    session.attach(sink);
    // Different places of the first half: nobody comes to the end of the archive.
    const stamp = first + Math.floor((number / sessions) * RATE * seconds) * STEP_US;
    await session.write("pos", new Date(Math.floor(stamp / 1000)).toISOString());
    playing.push({ session, sink, speed, startedAt: 0 });
  }
  const before = cpuSeconds();
  for (const one of playing) {
    await one.session.write("state", "play");
    one.startedAt = wake.now();
    // Requests come one by one: without turns of the event loop, the first batches of all would wait for the last request.
    await pause(1);
  }
  await pause(seconds * 1000);
  const cores = (cpuSeconds() - before) / seconds;
  const now = wake.now();
  const due = playing.reduce(
    (sum, one) => sum + (one.speed * RATE * (now - one.startedAt)) / 1e9,
    0,
  );
  const results = figuresOf(playing, { due, cores });
  if (sessions > 1) results.push(await reaction(playing));
  for (const { session } of playing) await session.write("state", "pause");
  host.close();
  await wake.close();
  return results;
}

const hostOf = (archive: ArchiveReader, wake: WakeClock): SessionHost =>
  new SessionHost({
    archive,
    wake,
    wall: () => micros(Date.now() * 1000),
    maxSessions: 512,
    maxSessionsPerClient: 64,
    gcInterval: millis(30_000),
    streamBufferBytes: 8 << 20,
    log: () => {},
  });

/** All together 1: half of it to one and a half times as much for each. */
const speedOf = (number: number, sessions: number): number =>
  sessions === 1 ? 1 : (0.5 + number / (sessions - 1)) / sessions;

/**
 * Milliseconds from a write, while all others play, to the batch that it brings forward. What is measured is the slowest of a
 * hundred.
 */
async function reaction(playing: readonly Playing[]): Promise<BenchResult> {
  // Whatever came while figures were made has been sent by then.
  await pause(1000);
  const times: number[] = [];
  for (let write = 0; write < REACTIONS; write++) {
    const { session, sink, speed } = playing[(write * 7) % playing.length] as Playing;
    const sent = new Promise<number>((resolve) => {
      sink.onBatch = () => resolve(performance.now());
    });
    const begun = performance.now();
    await session.write("speed", AT_ONCE_SPEED);
    times.push((await sent) - begun);
    sink.onBatch = () => {};
    await session.write("speed", speed);
    await pause(5);
  }
  const metric = `${playing.length} sessions, reaction to a control, p99`;
  const result = resultOf({ metric, unit: "ms", target: REACTION_MS }, [quantile(times, 0.99)]);
  return { ...result, rounds: times.length };
}

function figuresOf(
  playing: readonly Playing[],
  { due, cores }: { due: number; cores: number },
): BenchResult[] {
  const lateness = mergeDistributions(playing.map(({ session }) => decodeHdr(session.histogram())));
  const batches = playing.reduce((sum, { sink }) => sum + sink.batches, 0);
  if (lateness.total !== batches) throw new Error(`${batches} came, ${lateness.total} were timed`);
  if (Math.abs(batches / due - 1) > 0.1)
    throw new Error(`${batches} batches came of ${Math.round(due)}`);
  // Of 512 sessions each has a hundred batches: a drift of all is told by their mean, with and without its direction.
  const drifts = playing.map(({ session }) => session.figures().drift_us ?? 0);
  const meanOf = (values: readonly number[]): number =>
    values.reduce((sum, one) => sum + one, 0) / values.length;
  const name = playing.length === 1 ? "1 session" : `${playing.length} sessions`;
  const one = (metric: string, unit: string, value: number, target?: Target): BenchResult =>
    resultOf({ metric: `${name}, ${metric}`, unit, ...(target === undefined ? {} : { target }) }, [
      value,
    ]);
  return [
    one("lateness p50", "us", valueAtPercentile(lateness, 50) / 1000),
    one("lateness p99", "us", valueAtPercentile(lateness, 99) / 1000, LATENESS_US),
    one("lateness p99.9", "us", valueAtPercentile(lateness, 99.9) / 1000),
    one("lateness max", "us", maximumOf(lateness) / 1000),
    one("|mean drift|", "us", Math.abs(meanOf(drifts)), DRIFT_US),
    one("mean |drift|", "us", meanOf(drifts.map(Math.abs)), DRIFT_US),
    one("processor of all threads", "cores", cores),
  ];
}
