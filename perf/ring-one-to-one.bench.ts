import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { allocateRing, RingConsumer } from "../src/ring/record-ring.ts";
import type { Bench } from "./bench.ts";
import { interleave, resultOf } from "./measure.ts";

const RING_BYTES = 1024 * 1024;

type Way = { readonly mode: "ring" | "post" | "post-batch"; readonly batch: number };

/** Records per second from one thread to another; throws when one is missing, doubled or out of order. */
async function throughput({ mode, batch }: Way, count: number): Promise<number> {
  const memory = allocateRing(RING_BYTES);
  const worker = new Worker(new URL("./ring-writer.ts", import.meta.url), {
    workerData: { memory, mode, batch, count },
  });
  await once(worker, "online");
  const received = mode === "ring" ? fromRing(memory, count) : fromMessages(worker, count);
  const started = performance.now();
  worker.postMessage("go");
  await received;
  const seconds = (performance.now() - started) / 1000;
  await worker.terminate();
  return count / seconds;
}

async function fromRing(memory: SharedArrayBuffer, count: number): Promise<void> {
  const ring = new RingConsumer(memory);
  const keepAlive = setInterval(() => {}, 1000);
  let expected = 0;
  while (expected < count) {
    for (let at = ring.peek(); at >= 0; at = ring.peek()) {
      check(ring.words[(at >> 2) + 1] as number, expected++);
      ring.take();
      if (expected % 256 === 0) ring.release();
    }
    ring.release();
    if (expected < count) await ring.untilPublished(1000);
  }
  clearInterval(keepAlive);
}

function fromMessages(worker: Worker, count: number): Promise<void> {
  let expected = 0;
  return new Promise((resolve, reject) => {
    worker.on("message", (records: { seq: number }[]) => {
      try {
        for (const { seq } of records) check(seq, expected++);
      } catch (error) {
        reject(error);
      }
      if (expected === count) resolve();
    });
  });
}

function check(got: number, expected: number): void {
  if (got !== expected) throw new Error(`record ${expected} holds ${got}`);
}

export const bench: Bench = {
  name: "ring-one-to-one",
  question: "How many records of 170 bytes cross a thread border per second, against postMessage?",
  topology: `
    writer thread --- ring of 1 MiB, published per record / per 32 ---> main thread
    writer thread --- postMessage, one by one / arrays of 100 --------> main thread`,
  async run({ quick }) {
    const records = quick ? 200_000 : 2_000_000;
    const messages = quick ? 20_000 : 200_000;
    const rates = await interleave(quick ? 3 : 7, {
      "ring, published per 32": () => throughput({ mode: "ring", batch: 32 }, records),
      "ring, published one by one": () => throughput({ mode: "ring", batch: 1 }, records),
      "postMessage, one by one": () => throughput({ mode: "post", batch: 1 }, messages),
      "postMessage, arrays of 100": () => throughput({ mode: "post-batch", batch: 100 }, messages),
    });
    const ratio = (over: keyof typeof rates): number[] =>
      rates["ring, published per 32"].map((rate, round) => rate / (rates[over][round] as number));
    return [
      ...Object.entries(rates).map(([metric, values]) =>
        resultOf({ metric, unit: "records/s" }, values),
      ),
      resultOf({ metric: "ring / postMessage", unit: "x" }, ratio("postMessage, one by one")),
      resultOf({ metric: "ring / arrays of 100", unit: "x" }, ratio("postMessage, arrays of 100")),
    ];
  },
};
