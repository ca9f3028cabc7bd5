import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { allocateRing, RingProducer } from "../../../src/ring/record-ring.ts";
import { OutcomeDrain } from "../../../src/workers/collector/outcome-drain.ts";

const RECORD_BYTES = 16;

function rings(count: number) {
  const memories = Array.from({ length: count }, () => allocateRing(4096));
  return { memories, producers: memories.map((memory) => new RingProducer(memory)) };
}

function put(producer: RingProducer | undefined): void {
  assert.ok(producer !== undefined);
  assert.ok(producer.claim(RECORD_BYTES) >= 0);
  producer.commit();
  producer.publish();
}

/** Counts what it is given; `trouble` is thrown by flush. */
const keeper = (trouble?: Error) => ({
  hasRoom: true,
  kept: 0,
  keep() {
    this.kept++;
  },
  flush() {
    if (trouble !== undefined) throw trouble;
  },
});

test("outcome drain: it ends when every ring is closed and empty", async () => {
  const { memories, producers } = rings(2);
  const kept = keeper();
  const ended = new OutcomeDrain(memories, kept).run();
  for (const producer of producers) put(producer);
  producers[0]?.close();
  put(producers[1]);
  producers[1]?.close();
  await ended;
  assert.equal(kept.kept, 3);
});

test("outcome drain: what the keeper throws ends it", async () => {
  const { memories, producers } = rings(1);
  const drain = new OutcomeDrain(memories, keeper(new Error("disk full")));
  const ended = drain.run();
  put(producers[0]);
  await assert.rejects(ended, /disk full/);
  drain.cancel();
});

test("outcome drain: given up, it keeps what was published and ends", async () => {
  const { memories, producers } = rings(1);
  const kept = keeper();
  const drain = new OutcomeDrain(memories, kept);
  const ended = drain.run();
  put(producers[0]);
  drain.cancel();
  await ended;
  assert.equal(kept.kept, 1);
});

test("outcome drain: a keeper without room is waited for", async () => {
  const { memories, producers } = rings(1);
  const kept = { ...keeper(), hasRoom: false };
  const drain = new OutcomeDrain(memories, kept);
  const ended = drain.run();
  put(producers[0]);
  producers[0]?.close();
  await pause(30);
  assert.equal(kept.kept, 0);
  kept.hasRoom = true;
  await ended;
  assert.equal(kept.kept, 1);
});

test("outcome drain: given up, it never looks again", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const { memories, producers } = rings(1);
  const kept = keeper();
  const drain = new OutcomeDrain(memories, kept);
  const ended = drain.run();
  t.mock.timers.tick(100);
  drain.cancel();
  await ended;
  put(producers[0]);
  t.mock.timers.tick(1000);
  assert.equal(kept.kept, 0);
});

for (const { name, records, after, kept: expected } of [
  { name: "after little, it looks again within 50 ms", records: 1, after: 50, kept: 2 },
  {
    name: "after little, it lets the thread sleep for more than 10 ms",
    records: 1,
    after: 10,
    kept: 1,
  },
  { name: "after much, it looks again within 10 ms", records: 200, after: 10, kept: 201 },
]) {
  test(`outcome drain: ${name}`, (t) => {
    t.mock.timers.enable({ apis: ["setTimeout"] });
    const { memories, producers } = rings(1);
    const kept = keeper();
    const drain = new OutcomeDrain(memories, kept);
    drain.run();
    for (let record = 0; record < records; record++) put(producers[0]);
    t.mock.timers.tick(10);
    assert.equal(kept.kept, records);
    put(producers[0]);
    t.mock.timers.tick(after);
    assert.equal(kept.kept, expected);
    drain.cancel();
  });
}

test("outcome drain: hastened, it ends without waiting for its time", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const { memories, producers } = rings(1);
  const kept = keeper();
  const drain = new OutcomeDrain(memories, kept);
  const ended = drain.run();
  put(producers[0]);
  producers[0]?.close();
  drain.hasten();
  await ended;
  assert.equal(kept.kept, 1);
});
