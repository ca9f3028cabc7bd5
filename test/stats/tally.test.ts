import assert from "node:assert/strict";
import { test } from "node:test";
import { Worker } from "node:worker_threads";
import fc from "fast-check";
import { Failure } from "../../src/core/failure.ts";
import { nanos } from "../../src/core/units.ts";
import { mergeFigures } from "../../src/stats/figures.ts";
import { HIGHEST_NS } from "../../src/stats/histogram.ts";
import { LateCause } from "../../src/stats/tally.ts";
import { allocateTally, Event } from "../../src/stats/tally-layout.ts";
import { TallyReader } from "../../src/stats/tally-reader.ts";
import { begin, distributionOf, end, type Sample, whole, writerOf } from "./samples.ts";

const MS = 1e6;
const at = nanos(0);

function figuresOf(...samples: Sample[]) {
  const memory = allocateTally();
  const tally = writerOf(memory);
  for (const sample of samples) whole(tally, sample);
  return new TallyReader([memory]).totals();
}

test("tally: a request's three latencies are differences of its stamps", () => {
  const sample = { due: 1 * MS, sent: 3 * MS, firstByte: 7 * MS, done: 15 * MS, bytesIn: 42 };
  const totals = figuresOf(sample);
  const [blob] = totals.classes;
  assert.deepEqual(blob?.response, distributionOf([14 * MS]));
  assert.deepEqual(blob?.service, distributionOf([12 * MS]));
  assert.deepEqual(blob?.ttfb, distributionOf([4 * MS]));
  assert.deepEqual(totals.lateness, distributionOf([2 * MS]));
  assert.deepEqual(
    [blob?.operation, blob?.started, blob?.done, blob?.failed, blob?.bytesIn],
    ["get-blob", 1, 1, 0, 42],
  );
  assert.deepEqual(blob?.statuses, { "200": 1 });
});

test("tally: without a due time there is a service time, but neither response nor lateness", () => {
  const totals = figuresOf({ sent: 3 * MS, done: 15 * MS });
  const [blob] = totals.classes;
  assert.equal(blob?.service.total, 1);
  assert.equal(blob?.response.total, 0);
  assert.equal(blob?.ttfb.total, 0);
  assert.equal(totals.lateness.total, 0);
  assert.equal((blob?.onTime ?? -1) + (blob?.lateSlots ?? -1) + (blob?.lateGenerator ?? -1), 0);
});

test("tally: a failure is counted by label and timed apart from successes", () => {
  const totals = figuresOf(
    { due: 0, sent: 0, done: 5 * MS, failure: Failure.http, status: 503, bytesIn: 9 },
    { due: 0, sent: 0, done: 6 * MS, failure: Failure.http, status: 503 },
    { due: 0, sent: 0, done: 7 * MS, failure: Failure["timeout:idle"], status: 200 },
    { due: 0, sent: 0, done: 8 * MS, failure: Failure.connect, status: 0 },
    { due: 0, sent: 0, done: 1 * MS, operationClass: 4, status: 404 },
  );
  const [blob, head] = totals.classes;
  assert.deepEqual(blob?.errors, { connect: 1, "timeout:idle": 1, "http:503": 2 });
  assert.deepEqual(blob?.statuses, { "0": 1, "200": 1, "503": 2 });
  assert.equal(blob?.response.total, 0);
  assert.deepEqual(blob?.failedResponse, distributionOf([5 * MS, 6 * MS, 7 * MS, 8 * MS]));
  assert.equal(blob?.failedBytesIn, 9);
  assert.equal(blob?.bytesIn, 0);
  assert.equal(head?.operation, "head-blob");
  assert.deepEqual(head?.errors, {});
  assert.deepEqual(head?.statuses, { "404": 1 });
});

for (const { name, late, cause, expected } of [
  {
    name: "up to the limit is on time",
    late: 10,
    cause: LateCause.generator,
    expected: [1, 0, 0, 0],
  },
  { name: "late for want of a place", late: 500, cause: LateCause.slots, expected: [0, 1, 0, 0] },
  { name: "late by the generator", late: 11, cause: LateCause.generator, expected: [0, 0, 1, 0] },
  {
    name: "too late by the generator",
    late: 101,
    cause: LateCause.generator,
    expected: [0, 0, 1, 1],
  },
]) {
  test(`tally: ${name}`, () => {
    const [blob] = figuresOf({ due: 0, sent: late * MS, done: 900 * MS, cause }).classes;
    assert.deepEqual([blob?.onTime, blob?.lateSlots, blob?.lateGenerator, blob?.tooLate], expected);
  });
}

test("tally: times outside an hour and below zero are kept at the ends and counted", () => {
  const totals = figuresOf({ due: 10, sent: 0, done: 2 * HIGHEST_NS });
  const [blob] = totals.classes;
  assert.equal(totals.clippedLow, 1);
  assert.equal(totals.clippedHigh, 2);
  assert.deepEqual(totals.lateness, distributionOf([0]));
  assert.deepEqual(blob?.response, distributionOf([HIGHEST_NS]));
});

test("tally: a status that is no HTTP status counts as none", () => {
  const [blob] = figuresOf({ sent: 0, done: 1, status: 99_999 }).classes;
  assert.deepEqual(blob?.statuses, { "0": 1 });
});

test("tally: gauges, events and health come through", () => {
  const memory = allocateTally();
  const tally = writerOf(memory);
  begin(tally, { sent: 0, done: 0 });
  begin(tally, { sent: 0, done: 0 });
  end(tally, { sent: 0, done: 5 });
  tally.waiting(7);
  tally.count(Event.retry, 1);
  tally.count(Event.existed, 2);
  const health = {
    loopDelayP99: nanos(1),
    loopDelayMax: nanos(2),
    loopDelayRecent: nanos(5),
    gcCount: 3,
    gcNanos: nanos(4),
    gcP50: nanos(7),
    gcP99: nanos(8),
    gcMax: nanos(9),
    cpuShare: 0.6,
    wantedShare: 0.7,
    starvedShare: 0.1,
  };
  tally.health(health);
  const snapshot = new TallyReader([memory, allocateTally()]).takeInterval(at, nanos(1e9));
  assert.equal(snapshot.inFlight, 1);
  assert.equal(snapshot.waiting, 7);
  assert.equal(snapshot.retries, 1);
  assert.equal(snapshot.existed, 2);
  assert.deepEqual(snapshot.health[0], health);
  assert.equal(snapshot.health.length, 2);
});

const samples = fc.array(
  fc.record({
    operationClass: fc.integer({ min: 0, max: 9 }),
    due: fc.option(fc.integer({ min: 0, max: 1e9 }), { nil: undefined }),
    sent: fc.integer({ min: 1e9, max: 2e9 }),
    firstByte: fc.integer({ min: 2e9, max: 3e9 }),
    done: fc.integer({ min: 3e9, max: 9e9 }),
    bytesIn: fc.integer({ min: 0, max: 1e9 }),
    failure: fc.constantFrom(Failure.none, Failure.none, Failure.http, Failure.reset),
    status: fc.constantFrom(200, 404, 503),
    worker: fc.integer({ min: 0, max: 2 }),
    cut: fc.boolean(),
  }),
  { maxLength: 60 },
);

test("tally: intervals add up to the totals, whatever the workers and the cuts", () => {
  fc.assert(
    fc.property(samples, (list) => {
      const memories = [allocateTally(), allocateTally(), allocateTally()];
      const writers = memories.map(writerOf);
      const reader = new TallyReader(memories);
      const intervals = [];
      for (const { worker, cut, due, ...sample } of list) {
        const writer = writers[worker];
        if (writer !== undefined) whole(writer, due === undefined ? sample : { ...sample, due });
        if (cut) intervals.push(reader.takeInterval(at, at));
      }
      intervals.push(reader.takeInterval(at, at));
      const { inFlight, waiting, health, ...totals } = reader.totals();
      assert.deepEqual(mergeFigures(intervals), totals);
      assert.deepEqual([inFlight, waiting, health.length], [0, 0, 3]);
    }),
    { numRuns: 25 },
  );
});

test("tally: an interval without requests is empty", () => {
  const memory = allocateTally();
  whole(writerOf(memory), { due: 0, sent: 1, done: 2 });
  const reader = new TallyReader([memory]);
  assert.equal(reader.takeInterval(at, at).classes.length, 1);
  const idle = reader.takeInterval(at, at);
  assert.deepEqual(idle.classes, []);
  assert.equal(idle.lateness.total, 0);
});

test("tally: two threads write while another reads, and nothing is lost or counted twice", async () => {
  const memories = [allocateTally(), allocateTally()];
  const count = 200_000;
  const threads = memories.map(
    (memory) =>
      new Worker(new URL("./writing-thread.ts", import.meta.url), {
        workerData: { memory, count },
      }),
  );
  let running = threads.length;
  const exits = threads.map(
    (thread) =>
      new Promise<number>((resolve, reject) => {
        thread.once("error", reject);
        thread.once("exit", (code) => {
          running--;
          resolve(code);
        });
      }),
  );
  const reader = new TallyReader(memories);
  const intervals = [];
  while (running > 0) {
    intervals.push(reader.takeInterval(at, at));
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  assert.deepEqual(await Promise.all(exits), [0, 0]);
  intervals.push(reader.takeInterval(at, at));
  const sum = mergeFigures(intervals);
  const { inFlight, waiting, health, ...totals } = reader.totals();
  assert.deepEqual(sum, totals);
  assert.deepEqual([inFlight, waiting, health.length], [0, 0, 2]);
  assert.equal(sum.classes[0]?.done, 2 * count);
  assert.equal(sum.classes[0]?.response.total, 2 * count);
});
