// What does a message server 50 ms away carry to a node? Operations of a run, written with a window of messages under way, and
// one by one.
import assert from "node:assert/strict";
import { setTimeout as pause } from "node:timers/promises";
import { Hub } from "../src/cluster/nats/hub.ts";
import { LargeContent } from "../src/cluster/nats/large-content.ts";
import { NatsLink } from "../src/cluster/nats/nats-link.ts";
import { createRunStream, removeRunStream } from "../src/cluster/nats/run-stream.ts";
import { StreamReader } from "../src/cluster/nats/stream-reader.ts";
import { FaultProxy } from "../test/fakes/fault-proxy.ts";
import { startNatsServer } from "../test/fakes/nats-server.ts";
import type { Bench, BenchContext, BenchResult } from "./bench.ts";
import { MissingProgram, resultOf } from "./measure.ts";

/** There and back: a proxy passes the answers of the server on so much later. */
const ROUND_TRIP_MS = 50;
/** A batch of operations. */
const FRAME_BYTES = 128 * 1024;
const MESSAGES = { all: 400, quick: 100, oneByOne: 20 } as const;
const MB = 1e6;

type Way = { readonly from: NatsLink; readonly heard: number[] };

const frameOf = (number: number): Buffer => {
  const frame = Buffer.alloc(FRAME_BYTES);
  frame.writeUInt32LE(number);
  return frame;
};

/** A conversation whose master is far away from the server, and whose node is beside it. */
async function openWay(far: Hub, near: Hub, run: string): Promise<Way & { close(): void }> {
  const say = (line: string): void => assert.fail(line);
  await createRunStream(far, run, { bytesMax: 1024 ** 3, secondsMax: 600, say });
  const place = { run, conversation: "c", term: 1 };
  const [master, node] = await Promise.all([far, near].map((hub) => LargeContent.open(hub, say)));
  const from = new NatsLink(far, {
    ...{ ...place, peer: "node", end: "master", content: master as LargeContent },
  });
  const to = new NatsLink(near, {
    ...{ ...place, peer: "master", end: "node", content: node as LargeContent },
  });
  const heard: number[] = [];
  const closed = (reason: string): void => assert.fail(reason);
  from.listen({ frame() {}, connected() {}, closed });
  to.listen({
    frame: (bytes) => heard.push(Buffer.from(bytes.buffer, bytes.byteOffset).readUInt32LE()),
    connected() {},
    closed,
  });
  const filter = near.names.work(run, "c", "*");
  const reader = new StreamReader(
    near,
    { run, filter, from: 1 },
    { take: ({ data }) => to.hearStream(data, 1), fail: (error) => assert.fail(String(error)) },
  );
  reader.start();
  return { from, heard, close: () => reader.stop() };
}

/** MB/s from the first message on, until all of them were heard, once and in order. */
async function carry({ from, heard }: Way, count: number, ahead: number): Promise<number> {
  heard.length = 0;
  const begun = performance.now();
  for (let number = 0; number < count; number++) {
    while (from.unacknowledgedBytes > ahead) await pause(1);
    from.send(frameOf(number), "work");
  }
  while (heard.length < count || from.unacknowledgedBytes > 0) await pause(1);
  const seconds = (performance.now() - begun) / 1000;
  assert.deepEqual(
    heard,
    Array.from({ length: count }, (_, number) => number),
  );
  return (count * FRAME_BYTES) / MB / seconds;
}

async function run({ quick }: BenchContext): Promise<BenchResult[]> {
  const server = await startNatsServer({ jetstream: true });
  if (server === undefined) throw new MissingProgram("nats-server", "apt-get install nats-server");
  const link = new FaultProxy({ host: "127.0.0.1", port: server.port });
  link.fault = { kind: "delay", ms: ROUND_TRIP_MS };
  await link.accept();
  const group = "bench";
  const far = await Hub.open({ servers: [`nats://127.0.0.1:${link.port}`], group }, "far");
  const near = await Hub.open({ servers: [server.url], group }, "near");
  try {
    const windowed: number[] = [];
    const single: number[] = [];
    for (let round = 0; round < (quick ? 2 : 5); round++) {
      const way = await openWay(far, near, `r${round}`);
      single.push(await carry(way, MESSAGES.oneByOne, 0));
      windowed.push(await carry(way, quick ? MESSAGES.quick : MESSAGES.all, 8 * 1024 ** 2));
      way.close();
      await removeRunStream(far, `r${round}`);
    }
    return [
      resultOf(
        { metric: "operations to a node 50 ms away", unit: "MB/s", target: { atLeast: 20 } },
        windowed,
      ),
      resultOf({ metric: "one message at a time", unit: "MB/s" }, single),
    ];
  } finally {
    await far.close();
    await near.close();
    await link.stop();
    await server.stop();
  }
}

export const bench: Bench = {
  name: "nats-window",
  question: "What does a message server 50 ms away carry to a node?",
  topology: `
    master's link --work--> server -- 50 ms later -- kept        400 messages of 128 KiB, up to 8 MiB ahead
                              |
                              +----> reader ----> node's link    every number once, in order`,
  run,
};
