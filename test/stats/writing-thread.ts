import { workerData } from "node:worker_threads";
import { STAMP_WORDS, Stamp } from "../../src/stats/tally.ts";
import { writerOf } from "./samples.ts";

const { memory, count } = workerData as { memory: SharedArrayBuffer; count: number };
const tally = writerOf(memory);
const stamps = new Float64Array(STAMP_WORDS);
for (let i = 0; i < count; i++) {
  stamps[Stamp.sent] = 1000;
  stamps[Stamp.firstByte] = 2000;
  stamps[Stamp.done] = 3000 + (i % 1000) * 977;
  stamps[Stamp.bytesIn] = 10;
  tally.started(stamps, 0, 0, 0);
  tally.record(stamps, 0, 0, 0, 200);
}
