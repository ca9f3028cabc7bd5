import { getHeapStatistics } from "node:v8";
import { Failure } from "../src/core/failure.ts";
import { random } from "../src/core/random.ts";
import { nanos } from "../src/core/units.ts";
import { LateCause, STAMP_WORDS, Stamp, TallyWriter } from "../src/stats/tally.ts";
import { allocateTally } from "../src/stats/tally-layout.ts";
import { TallyReader } from "../src/stats/tally-reader.ts";
import type { Bench } from "./bench.ts";
import { cpuSeconds, resultOf } from "./measure.ts";

const SAMPLES = 4096;
const CLASSES = 3;
/** Per operation; a boxed double is 12 bytes. */
const HEAP_BYTES_MAX = 0.1;
const BUDGET_NS = 150;

function randomStamps(): Float64Array {
  const chance = random("tally-record");
  const stamps = new Float64Array(SAMPLES * STAMP_WORDS);
  for (let at = 0; at < stamps.length; at += STAMP_WORDS) {
    const due = 1e9 + at * 1e5;
    const sent = due + 5e4 * chance.next();
    const firstByte = sent + 3e5 * chance.next();
    stamps[at + Stamp.due] = due;
    stamps[at + Stamp.sent] = sent;
    stamps[at + Stamp.firstByte] = firstByte;
    stamps[at + Stamp.done] = firstByte + Math.exp(chance.next() * 16);
    stamps[at + Stamp.connected] = Number.NaN;
    stamps[at + Stamp.bytesIn] = Math.floor(1e9 * chance.next());
  }
  return stamps;
}

function recordAll(tally: TallyWriter, stamps: Float64Array, count: number): void {
  for (let i = 0; i < count; i++) {
    const at = (i & (SAMPLES - 1)) * STAMP_WORDS;
    const failure = (i & 63) === 0 ? Failure.http : Failure.none;
    tally.started(stamps, at, i % CLASSES, LateCause.generator);
    tally.record(stamps, at, i % CLASSES, failure, failure === Failure.none ? 200 : 503);
  }
}

export const bench: Bench = {
  name: "tally-record",
  question: "What does it cost to count one operation, and does it allocate?",
  topology: `
    one thread: stamps --- started + record ---> 3 classes x 4 histograms, lateness, sizes, counters in shared memory`,
  async run({ quick }) {
    const count = quick ? 1_000_000 : 5_000_000;
    const rounds = quick ? 3 : 7;
    const memory = allocateTally();
    const tally = new TallyWriter(memory, { onTime: nanos(1e7), tooLate: nanos(1e8) });
    const stamps = randomStamps();
    recordAll(tally, stamps, count);
    const times: number[] = [];
    const heap: number[] = [];
    for (let round = 0; round < rounds; round++) {
      const heapBefore = getHeapStatistics().used_heap_size;
      const before = cpuSeconds();
      recordAll(tally, stamps, count);
      times.push(((cpuSeconds() - before) * 1e9) / count);
      heap.push((getHeapStatistics().used_heap_size - heapBefore) / count);
    }
    const cost = resultOf({ metric: "per operation", unit: "ns" }, times);
    const allocated = resultOf({ metric: "heap per operation", unit: "bytes" }, heap);
    check(memory, count * (rounds + 1));
    if (allocated.value > HEAP_BYTES_MAX) throw new Error(`allocates ${allocated.value} bytes`);
    return [
      cost,
      allocated,
      resultOf(
        { metric: "share of the budget", unit: "x" },
        times.map((ns) => ns / BUDGET_NS),
      ),
    ];
  },
};

function check(memory: SharedArrayBuffer, count: number): void {
  const { classes, lateness } = new TallyReader([memory]).totals();
  const ended = classes.reduce((sum, { done, failed }) => sum + done + failed, 0);
  const timed = classes.reduce(
    (sum, part) => sum + part.response.total + part.failedResponse.total,
    0,
  );
  if (ended !== count || timed !== count || lateness.total !== count) {
    throw new Error(`${count} operations were recorded, ${ended} counted, ${timed} timed`);
  }
}
