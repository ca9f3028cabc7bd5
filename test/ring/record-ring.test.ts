import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { Worker } from "node:worker_threads";
import fc from "fast-check";
import { alignRecord } from "../../src/ring/layout.ts";
import { allocateRing, RingConsumer, RingProducer } from "../../src/ring/record-ring.ts";

const HEAD_BYTES = 8;

function ends(capacity: number): { out: RingProducer; into: RingConsumer } {
  const memory = allocateRing(capacity);
  return { out: new RingProducer(memory), into: new RingConsumer(memory) };
}

/** Writes a record of `length` bytes, more than its head, that holds `value` in its second word and its last byte. */
function put(out: RingProducer, length: number, value: number): boolean {
  const at = out.claim(length);
  if (at < 0) return false;
  out.words[(at >> 2) + 1] = value;
  out.bytes[at + length - 1] = value & 0xff;
  out.commit();
  return true;
}

function next(into: RingConsumer): { length: number; value: number } | undefined {
  const at = into.peek();
  if (at < 0) return undefined;
  const record = {
    length: into.words[at >> 2] as number,
    value: into.words[(at >> 2) + 1] as number,
  };
  into.take();
  return record;
}

test("ring: a record is seen only after it was published", () => {
  const { out, into } = ends(4096);
  put(out, 16, 7);
  assert.equal(into.peek(), -1);
  out.publish();
  assert.deepEqual(next(into), { length: 16, value: 7 });
  assert.equal(into.peek(), -1);
});

test("ring: a consumer that looks sees what is shown; one that sleeps is woken by the next publication", async () => {
  const { out, into } = ends(4096);
  const keepAlive = setInterval(() => {}, 1000);
  try {
    let isWoken = false;
    const woken = into.untilPublished(10_000)?.then(() => {
      isWoken = true;
    });
    put(out, 16, 7);
    out.show();
    for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve));
    assert.equal(isWoken, false);
    assert.deepEqual(next(into), { length: 16, value: 7 });
    out.publish();
    await woken;
  } finally {
    clearInterval(keepAlive);
  }
});

test("ring: a full ring refuses, and takes again once records were released", () => {
  const { out, into } = ends(4096);
  let written = 0;
  while (put(out, 64, written)) written++;
  assert.equal(written, 4096 / 64);
  out.publish();
  assert.deepEqual(next(into), { length: 64, value: 0 });
  assert.equal(put(out, 64, 99), false, "taken but not released");
  into.release();
  assert.equal(put(out, 64, 99), true);
});

test("ring: released in bulk, space comes back by the quarter, or when nothing is left to take", () => {
  const { out, into } = ends(4096);
  let written = 0;
  while (put(out, 64, written)) written++;
  out.publish();
  for (let taken = 1; taken <= 16; taken++) {
    next(into);
    into.releaseInBulk();
    assert.equal(put(out, 64, written), taken === 16, `after ${taken} of 64 records`);
  }
  for (let taken = 17; taken <= 63; taken++) next(into);
  into.release();
  next(into);
  into.releaseInBulk();
  assert.equal(out.claim(2048) >= 0, true, "the last record that was published is free");
});

test("ring: a record that does not fit before the end goes to the start", () => {
  const { out, into } = ends(4096);
  const lengths = [1600, 1600, 1600];
  for (const [value, length] of lengths.entries()) {
    assert.ok(put(out, length, value));
    out.publish();
    assert.deepEqual(next(into), { length: alignRecord(length), value });
    into.release();
  }
});

test("ring: a record larger than half the ring is refused as our own mistake", () => {
  const { out } = ends(4096);
  assert.throws(() => out.claim(2056), /does not fit this ring/);
});

test("ring: it has ended when it is closed and empty, not before", () => {
  const { out, into } = ends(4096);
  put(out, 16, 1);
  out.close();
  assert.equal(into.ended(), false);
  next(into);
  assert.equal(into.ended(), true);
});

test("ring: the consumer's promise resolves when something is published, and when the ring is closed", async () => {
  const { out, into } = ends(4096);
  const keepAlive = setInterval(() => {}, 1000);
  try {
    const published = into.untilPublished(10_000);
    assert.notEqual(published, undefined);
    put(out, 16, 1);
    out.publish();
    assert.equal(await published, "ok");
    next(into);
    const closed = into.untilPublished(10_000);
    out.close();
    assert.equal(await closed, "ok");
    assert.equal(into.untilPublished(10_000), undefined, "nothing to wait for any more");
  } finally {
    clearInterval(keepAlive);
  }
});

test("ring: any interleaving of writes, publications, reads and releases keeps every record, in order", () => {
  const step = fc.oneof(
    fc.record({
      do: fc.constant("put" as const),
      length: fc.integer({ min: HEAD_BYTES + 1, max: 900 }),
    }),
    fc.constant({ do: "publish" as const }),
    fc.constant({ do: "take" as const }),
    fc.constant({ do: "release" as const }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 400 }), (steps) => {
      const { out, into } = ends(4096);
      const wrote: { length: number; value: number }[] = [];
      let published = 0;
      let read = 0;
      const take = (): void => {
        const record = next(into);
        if (record === undefined) {
          assert.equal(read, published, "an empty ring has given everything that was published");
          return;
        }
        assert.deepEqual(record, wrote[read]);
        read++;
      };
      const act = {
        put: (length: number) => {
          const value = wrote.length;
          if (put(out, length, value)) wrote.push({ length: alignRecord(length), value });
        },
        publish: () => {
          out.publish();
          published = wrote.length;
        },
        take,
        release: () => into.release(),
      };
      for (const one of steps) act[one.do]("length" in one ? one.length : 0);
      out.publish();
      published = wrote.length;
      while (read < wrote.length) take();
      assert.equal(into.peek(), -1);
    }),
  );
});

test("ring: two threads, a small ring that is full most of the time: every record arrives once and in order", async () => {
  const memory = allocateRing(4096);
  const into = new RingConsumer(memory);
  const count = 200_000;
  const worker = new Worker(new URL("./ring-writer.ts", import.meta.url), {
    workerData: { memory, count },
  });
  const exit = once(worker, "exit");
  const keepAlive = setInterval(() => {}, 1000);
  let expected = 0;
  while (!into.ended()) {
    for (let record = next(into); record !== undefined; record = next(into)) {
      if (record.value !== expected) assert.fail(`record ${expected} holds ${record.value}`);
      expected++;
    }
    into.release();
    await into.untilPublished(1000);
  }
  clearInterval(keepAlive);
  assert.equal(expected, count);
  assert.deepEqual(await exit, [0]);
});
