// Values of one stamp are sent by several recorders, each of which keeps time by itself: how far apart do they come?
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { connect, type NatsConnection } from "@nats-io/transport-node";
import { ArchiveWriter } from "../src/archive/archive-writer.ts";
import { micros } from "../src/core/units.ts";
import { SessionClient } from "../src/playback/nats/session-client.ts";
import { ownerOf } from "../src/record/subjects/subject-choice.ts";
import { startNatsServer } from "../test/fakes/nats-server.ts";
import type { Bench, BenchResult, Target } from "./bench.ts";
import { MissingProgram, quantile, resultOf } from "./measure.ts";
import { endRecorder, startRecorder } from "./recorder-process.ts";

const SHARDS = 3;
/** Every shard has a batch at each of these stamps. */
const STEP_US = 10_000;
const BASE = "/archive";
/** recorder.md section 9, 6: on one host. */
const SKEW_MS: Target = { atMost: 5 };
/** Until all have heard of each other, and of the session. */
const READY_MS_MAX = 20_000;
/** What is behind its time is waited for. */
const PATIENCE_MS = 10_000;

/** Archives of all shards with the same stamps, an hour ago. */
async function recorded(directory: string, batches: number): Promise<void> {
  const first = micros(Date.now() * 1000 - 3600e6);
  for (let index = 0; index < SHARDS; index++) {
    let now = first - STEP_US;
    const clock = { wall: () => micros(now), mono: () => micros(now) };
    const source = { kind: "api", spec: ["/**"], host: "bench" } as const;
    const shard = { index, count: SHARDS };
    const writer = await ArchiveWriter.open({ directory, source, clock, shard });
    const path = pathOf(index);
    for (let batch = 0; batch < batches; batch++) {
      now += STEP_US;
      writer.append([{ kind: "value", path, value: Buffer.from(`${batch}`) }]);
    }
    await writer.close();
  }
}

/** One that this shard owns. */
function pathOf(shard: number): string {
  for (let number = 0; ; number++)
    if (ownerOf(`/skew/${number}`, SHARDS) === shard) return `/skew/${number}`;
}

const paths = Array.from({ length: SHARDS }, (_, shard) => pathOf(shard));
const subjects = paths.map((path) => path.slice(1).replaceAll("/", "."));

type Arrival = { readonly at: number; readonly text: string };

/** When the value of each shard came, by stamp, ms; throws at one that comes twice. */
class Arrivals {
  readonly #byStamp = new Map<number, Arrival[]>();
  count = 0;

  add(arrival: Arrival, { shard, stamp }: { shard: number; stamp: number }): void {
    const times = this.#byStamp.get(stamp) ?? [];
    this.#byStamp.set(stamp, times);
    if (times[shard] !== undefined) throw new Error(`shard ${shard} sent ${stamp} twice`);
    times[shard] = arrival;
    this.count++;
  }

  /** In the order of stamps. Throws unless each shard sent the right value at each of so many. */
  times(batches: number): number[][] {
    if (this.count !== batches * SHARDS || this.#byStamp.size !== batches)
      throw new Error(`${this.count} values of ${batches} stamps on ${SHARDS} shards came`);
    const sorted = [...this.#byStamp].toSorted(([one], [other]) => one - other);
    return sorted.map(([stamp, arrivals], number) => {
      const wrong = arrivals.find(({ text }) => text !== `${number}`);
      if (wrong !== undefined) throw new Error(`${wrong.text} came at ${stamp}, not ${number}`);
      return arrivals.map(({ at }) => at);
    });
  }
}

function listen(connection: NatsConnection, id: string): Arrivals {
  const arrivals = new Arrivals();
  const prefix = `${BASE.slice(1)}.${id}.data.`;
  connection.subscribe(`${prefix}>`, {
    callback: (error, message) => {
      const at = performance.now();
      if (error !== null || message.headers?.has("Replay-Image") === true) return;
      const shard = subjects.indexOf(message.subject.slice(prefix.length));
      const stamp = Number(message.headers?.get("Replay-Stamp"));
      arrivals.add({ at, text: message.string() }, { shard, stamp });
    },
  });
  return arrivals;
}

async function ready<T>(ask: () => Promise<T>): Promise<T> {
  const deadline = performance.now() + READY_MS_MAX;
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (performance.now() > deadline) throw error;
      await pause(100);
    }
  }
}

/** Plays all of it; the stamps at which every shard had sent its value. */
async function play(url: string, batches: number): Promise<number[][]> {
  const client = await SessionClient.connect({ url, base: BASE });
  const connection = await connect({ servers: url });
  try {
    const id = await ready(() => client.create({ pos: "beginning" }));
    const arrivals = listen(connection, id);
    await connection.flush();
    await client.write(id, { control: "state", value: "play" });
    const over = performance.now() + (batches * STEP_US) / 1000 + PATIENCE_MS;
    while (arrivals.count < batches * SHARDS && performance.now() < over) {
      await client.describe(id);
      await pause(1000);
    }
    return arrivals.times(batches);
  } finally {
    await connection.close();
    await client.close();
  }
}

/** Due times are counted from the earliest that any value came: what is on time is nobody's later than that. */
function figuresOf(times: readonly number[][]): BenchResult[] {
  const skews = times.map((at) => Math.max(...at) - Math.min(...at));
  const late = (at: number, index: number): number => at - (index * STEP_US) / 1000;
  const begun = Math.min(...times.map((at, index) => late(Math.min(...at), index)));
  const latenessOf = (shard: number): number[] =>
    times.map((at, index) => late(at[shard] ?? Number.NaN, index) - begun);
  const all = paths.map((_, shard) => latenessOf(shard));
  const medians = all.map((one) => quantile(one, 0.5));
  const one = (metric: string, value: number, target?: Target): BenchResult => ({
    ...resultOf({ metric, unit: "ms", ...(target === undefined ? {} : { target }) }, [value]),
    rounds: times.length,
  });
  return [
    one("skew p50", quantile(skews, 0.5)),
    one("skew p99", quantile(skews, 0.99), SKEW_MS),
    one("skew max", Math.max(...skews)),
    // What clocks that disagree would show as: it is the same for all batches.
    one("shards apart in the middle", Math.max(...medians) - Math.min(...medians)),
    one("a shard's own lateness p99", Math.max(...all.map((each) => quantile(each, 0.99)))),
  ];
}

export const bench: Bench = {
  name: "session-shards",
  question: "How far apart do three recorders send the values of one stamp?",
  topology: `
    3 x drayage record (processes), 100 batches a second each, the same stamps ---> nats-server ---> one listener (this process)
    all share the machine; what is late in the listener alone shows as skew where it falls between two values`,
  async run({ quick, tmp }) {
    const server = await startNatsServer();
    if (server === undefined)
      throw new MissingProgram("nats-server", "apt-get install nats-server");
    const archive_directory = join(tmp, "archive");
    const batches = ((quick ? 10 : 60) * 1e6) / STEP_US;
    await recorded(archive_directory, batches);
    const recorders = await Promise.all(
      paths.map((_, shard) =>
        startRecorder(join(tmp, `shard-${shard}.json`), {
          archive_directory,
          nats: { servers: [server.url] },
          record: { spec: ["/skew/**"], shard },
          publish: { base: BASE, bind: "none", shards: SHARDS },
        }),
      ),
    );
    try {
      return figuresOf(await play(server.url, batches));
    } finally {
      await Promise.all(recorders.map(endRecorder));
      await server.stop();
    }
  },
};
