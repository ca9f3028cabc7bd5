// Takes operations out of a ring as a request worker thread does, and tells what they were.
import { parentPort, workerData } from "node:worker_threads";
import { DUE_AT, SEQ_AT, SIZE_AT } from "../src/ring/operation-record.ts";
import { RingConsumer } from "../src/ring/record-ring.ts";

const NAP_MS = 0.1;

const ring = new RingConsumer(workerData as SharedArrayBuffer);
const nap = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
let records = 0;
let sizes = 0;
let inOrder = true;
let before = 0;
while (!ring.ended()) {
  for (let at = ring.peek(); at >= 0; at = ring.peek()) {
    const due = ring.doubles[(at + DUE_AT) >> 3] as number;
    inOrder &&= ring.words[(at + SEQ_AT) >> 2] === records && due >= before;
    before = due;
    sizes += ring.doubles[(at + SIZE_AT) >> 3] as number;
    records++;
    ring.take();
    ring.releaseInBulk();
  }
  // A thread that asked to be woken would be, by a system call, for every few records.
  Atomics.wait(nap, 0, 0, NAP_MS);
}
ring.release();
parentPort?.postMessage({ records, sizes, inOrder });
