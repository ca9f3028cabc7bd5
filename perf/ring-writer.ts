// The writing thread of ring-one-to-one.bench.ts.
import { parentPort, workerData } from "node:worker_threads";
import { RingProducer } from "../src/ring/record-ring.ts";

const { memory, mode, batch, count } = workerData as {
  memory: SharedArrayBuffer;
  mode: "ring" | "post" | "post-batch";
  batch: number;
  count: number;
};
const RECORD_BYTES = 170;
const PATH = "v2/4715bf52/437c49db/blobs/93054319";

function writeRing(): void {
  const ring = new RingProducer(memory);
  for (let seq = 0; seq < count; ) {
    const at = ring.claim(RECORD_BYTES);
    if (at < 0) {
      ring.waitForSpace(1000);
      continue;
    }
    ring.words[(at >> 2) + 1] = seq++;
    ring.commit();
    if (seq % batch === 0 || seq === count) ring.publish();
  }
}

async function post(): Promise<void> {
  for (let seq = 0; seq < count; ) {
    const records = [];
    for (; records.length < batch && seq < count; seq++) {
      records.push({
        seq,
        due: seq * 0.5,
        method: "GET",
        path: PATH,
        size: seq,
        client: "0ee76ffa",
      });
    }
    parentPort?.postMessage(records);
    // Without a turn of the event loop now and then, nothing is delivered and memory grows.
    if (seq % 10_000 < batch) await new Promise((resolve) => setImmediate(resolve));
  }
}

parentPort?.once("message", () => {
  if (mode === "ring") writeRing();
  else void post();
});
