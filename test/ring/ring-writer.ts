// The other thread of record-ring.test.ts: writes `count` records of changing length, waiting for space where it must.
import { workerData } from "node:worker_threads";
import { RingProducer } from "../../src/ring/record-ring.ts";

const { memory, count } = workerData as { memory: SharedArrayBuffer; count: number };
const ring = new RingProducer(memory);
for (let value = 0; value < count; ) {
  const at = ring.claim(16 + (value % 300));
  if (at < 0) {
    ring.waitForSpace(1000);
    continue;
  }
  ring.words[(at >> 2) + 1] = value;
  ring.commit();
  value++;
  if (value % 7 === 0) ring.publish();
}
ring.close();
