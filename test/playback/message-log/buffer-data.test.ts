import assert from "node:assert/strict";
import { describe, type TestContext, test } from "node:test";
import { BufferData } from "../../../src/playback/message-log/buffer-data.ts";
import type { LogItem, LogReader } from "../../../src/playback/message-log/log-item.ts";
import type { ModuleSpec } from "../../../src/playback/message-log/module-export.ts";
import { ReadDirectory } from "../../../src/playback/message-log/read-directory.ts";
import { allItems, itemsOf, listReader, sampleDirectory, until } from "./sample-logs.ts";

const moduleReader = (name: string, count: number): ModuleSpec => ({
  module: new URL("./sample-reader.ts", import.meta.url),
  export: name,
  args: [count],
});

function buffered(t: TestContext, reader: LogReader | ModuleSpec, length?: number): BufferData {
  const buffer = length === undefined ? new BufferData(reader) : new BufferData(reader, length);
  t.after(() => buffer.close());
  return buffer;
}

async function drained(buffer: BufferData): Promise<(LogItem | null)[]> {
  const items: (LogItem | null)[] = [];
  while (!buffer.queue.isEmpty || buffer.isAlive()) items.push(await buffer.queue.get(1000));
  return items.filter((item) => item !== null);
}

/** The same behaviour whichever thread reads. */
const siblings: readonly [name: string, make: (t: TestContext) => LogReader][] = [
  ["a directory, read in the reader thread", (t) => new ReadDirectory(sampleDirectory(t))],
  ["a reader of one's own, read on this thread", () => listReader(allItems())],
];

describe("buffer construction", () => {
  const read = () => null;
  const isDataPending = () => false;
  for (const [why, reader, member] of [
    ["a reader without read", { isDataPending }, /read\(\)/],
    ["a reader without isDataPending", { read }, /isDataPending\(\)/],
    ["no reader", undefined, /read\(\)/],
  ] as const) {
    test(`${why} is refused`, () => {
      assert.throws(
        () => new BufferData(reader as never),
        (error) => error instanceof TypeError && member.test(error.message),
      );
    });
  }
  for (const length of [0, -1, 1.5, Number.NaN, "5"] as never[]) {
    test(`a length of ${String(length)} is refused`, () => {
      assert.throws(() => new BufferData({ read, isDataPending }, length), TypeError);
    });
  }
  test("length 100 reads back; 5000 is the default", () => {
    assert.equal(new BufferData({ read, isDataPending }, 100).length, 100);
    assert.equal(new BufferData({ read, isDataPending }).length, 5000);
  });
});

describe("buffer worker", () => {
  test("returns at once when told to stop, whatever the reader takes", async (t) => {
    const buffer = buffered(t, moduleReader("SlowReader", 1000));
    buffer.start();
    await until(() => buffer.queue.size > 0);
    assert.equal(buffer.stop(), true);
    assert.equal(buffer.isAlive(), false);
  });

  test("null from the reader: ready, not pending", async (t) => {
    const buffer = buffered(t, { read: () => null, isDataPending: () => true });
    buffer.start();
    await until(() => buffer.isReady());
    assert.deepEqual(
      [buffer.isAlive(), buffer.isDataPending(), buffer.queue.size],
      [false, false, 0],
    );
  });

  const good = { elapsed_time: 1, topic: "", payload: 1 };
  const refused: readonly [why: string, item: unknown, field: RegExp, message?: boolean][] = [
    ["no object", 5, /^item/],
    ["a list", [], /^item/],
    ["no elapsed_time", { topic: "", payload: 1 }, /^elapsed_time/],
    ["no topic", { elapsed_time: 1, payload: 1 }, /^topic/],
    ["no payload", { elapsed_time: 1, topic: "" }, /^payload/],
    ["a negative time", { ...good, elapsed_time: -1 }, /^elapsed_time/],
    ["a time that is text", { ...good, elapsed_time: "1" }, /^elapsed_time/],
    ["an endless time", { ...good, elapsed_time: Infinity }, /^elapsed_time/],
    ["a topic that is no text", { ...good, topic: 1 }, /^topic/],
    ["a payload that cannot be held", { ...good, payload: Symbol("x") }, /^payload/],
    ["a payload of another kind than declared", good, /^payload/, true],
    ["an object without its declared type", { ...good, payload: { a: 1 } }, /^payload/, true],
  ];
  for (const [why, item, field, message] of refused) {
    test(`an item with ${why} is a TypeError that names the field; reading can go on`, async (t) => {
      const last = { elapsed_time: 2, topic: "x", payload: { a: 1 }, type: "T" };
      const reader = listReader([item, last]);
      const buffer = buffered(t, message === undefined ? reader : { ...reader, message });
      const errors: Error[] = [];
      buffer.on("error", (error) => errors.push(error));
      buffer.start();
      await until(() => errors.length > 0);
      assert.ok(
        errors[0] instanceof TypeError && field.test(errors[0].message),
        errors[0]?.message,
      );
      assert.deepEqual(
        [buffer.isAlive(), buffer.isReady(), buffer.isDataPending()],
        [false, false, true],
      );
      assert.equal(buffer.start(), true);
      assert.deepEqual(await buffer.queue.get(1000), last);
    });
  }

  test("five items arrive in order", async (t) => {
    const buffer = buffered(t, listReader(allItems().slice(0, 5)));
    buffer.start();
    await until(() => buffer.isReady());
    assert.deepEqual(await drained(buffer), allItems().slice(0, 5));
  });

  test("what a reader throws stops buffering and is told; what is queued stays", async (t) => {
    let calls = 0;
    const buffer = buffered(
      t,
      {
        isDataPending: () => true,
        read: () => {
          if (++calls === 2) throw new Error("disk on fire");
          return allItems()[0] ?? null;
        },
      },
      3,
    );
    const errors: Error[] = [];
    buffer.on("error", (error) => errors.push(error));
    buffer.start();
    await until(() => errors.length > 0);
    assert.equal(errors[0]?.message, "disk on fire");
    assert.deepEqual([buffer.isAlive(), buffer.queue.size], [false, 1]);
  });
});

for (const [name, make] of siblings) {
  describe(`buffer control: ${name}`, () => {
    test("start and stop say whether they did anything, and it lives in between", (t) => {
      const buffer = buffered(t, make(t), 10);
      assert.deepEqual([buffer.start(), buffer.isAlive(), buffer.start()], [true, true, false]);
      assert.deepEqual([buffer.stop(), buffer.isAlive(), buffer.stop()], [true, false, false]);
    });

    test("a new one is empty, pending and not ready; when it has run it is ready, has all 20, those of A first, and nothing is pending", async (t) => {
      const buffer = buffered(t, make(t));
      assert.deepEqual(
        [buffer.isAlive(), buffer.isReady(), buffer.isDataPending(), buffer.queue.isEmpty],
        [false, false, true, true],
      );
      buffer.start();
      await until(() => buffer.isReady());
      assert.deepEqual(
        [buffer.isAlive(), buffer.isDataPending(), buffer.queue.size],
        [false, false, 20],
      );
      assert.deepEqual(
        [buffer.start(), buffer.isAlive()],
        [true, false],
        "start after exhaustion ends at once",
      );
      assert.equal(buffer.isReady(), true);
      assert.deepEqual(await drained(buffer), allItems());
    });

    test("with a length of 10 a start fills it with the ten of A; what is taken makes room for the others, until none is left", async (t) => {
      const buffer = buffered(t, make(t), 10);
      buffer.start();
      await until(() => buffer.isReady());
      assert.deepEqual(
        [buffer.queue.size, buffer.queue.isFull, buffer.isAlive(), buffer.isDataPending()],
        [10, true, true, true],
      );
      const first: unknown[] = [];
      for (let index = 0; index < 10; index++) first.push(await buffer.queue.get(1000));
      assert.deepEqual(first, itemsOf("A"));
      assert.deepEqual(await drained(buffer), itemsOf("B"));
      await until(() => !buffer.isDataPending());
      assert.deepEqual([buffer.queue.size, buffer.isReady(), buffer.isAlive()], [0, true, false]);
    });

    test("a reset also stops and empties it; a start and a stop leave ten items, and so do another reset and start", async (t) => {
      const buffer = buffered(t, make(t), 10);
      const { queue } = buffer;
      buffer.start();
      await until(() => buffer.isReady());
      buffer.reset();
      assert.deepEqual(
        [buffer.isAlive(), queue.size, buffer.isReady(), buffer.isDataPending()],
        [false, 0, false, true],
      );
      for (let round = 0; round < 3; round++) {
        buffer.start();
        await until(() => buffer.isReady());
        buffer.stop();
        assert.deepEqual(
          [queue.size, buffer.isReady(), buffer.isDataPending()],
          [10, true, true],
          "stop changes neither",
        );
        const items: unknown[] = [];
        for (let index = 0; index < 10; index++) items.push(await queue.get(1000));
        assert.deepEqual(items, itemsOf("A"));
        assert.equal(await queue.get(20), null, "nothing comes while stopped");
        buffer.reset();
      }
      assert.equal(buffer.queue, queue, "queue identity after reset");
    });

    test("what was in hand at a stop comes first when it goes on", async (t) => {
      const buffer = buffered(t, make(t), 3);
      const items: unknown[] = [];
      buffer.start();
      await until(() => buffer.isReady());
      while (items.length < 20) {
        buffer.stop();
        while (!buffer.queue.isEmpty) items.push(await buffer.queue.get(1000));
        buffer.start();
        await until(() => !buffer.queue.isEmpty || !buffer.isAlive());
      }
      assert.deepEqual(items, allItems());
    });
  });
}

test("an empty source is not pending", (t) => {
  assert.equal(buffered(t, listReader([])).isDataPending(), false);
});

test("a reader without reset can be buffered, not reset", (t) => {
  const buffer = buffered(t, { read: () => null, isDataPending: () => true });
  assert.throws(() => buffer.reset(), /reset/);
});

test("a directory that was read before goes on where it was, and from the first item after a reset", async (t) => {
  const reader = new ReadDirectory(sampleDirectory(t));
  for (let index = 0; index < 7; index++) reader.read();
  const buffer = buffered(t, reader);
  buffer.start();
  await until(() => buffer.isReady());
  assert.deepEqual(await drained(buffer), allItems().slice(7));
  buffer.reset();
  buffer.start();
  await until(() => buffer.isReady());
  assert.deepEqual(await drained(buffer), allItems());
});

test("a module's reader runs in the reader thread, and can be reset", async (t) => {
  const buffer = buffered(t, moduleReader("CountingReader", 3000), 100);
  for (let pass = 0; pass < 2; pass++) {
    assert.equal(buffer.isDataPending(), true);
    buffer.start();
    for (let index = 0; index < 3000; index++) {
      assert.deepEqual((await buffer.queue.get(5000))?.payload, index);
    }
    await until(() => !buffer.isAlive());
    buffer.reset();
  }
});

test("a module that is not there, or no reader, is told", async (t) => {
  for (const spec of [
    { module: "/nowhere.js" },
    { ...moduleReader("CountingReader", 1), export: "nothing" },
  ]) {
    const buffer = buffered(t, spec);
    const errors: Error[] = [];
    buffer.on("error", (error) => errors.push(error));
    buffer.start();
    await until(() => errors.length > 0);
    assert.equal(buffer.isAlive(), false);
  }
});

test("large items go beside the ring in the same order, also over threads; above 64 MiB is a RangeError", async (t) => {
  const sizes = [10, 5000, 20, 3_000_000, 30, 900, 1100];
  const items = sizes.map((size, index) => ({
    elapsed_time: index,
    topic: "t".repeat(index * 300),
    payload: "x".repeat(size),
  }));
  const own = buffered(t, listReader(items), 2);
  own.start();
  for (const item of items) assert.deepEqual(await own.queue.get(2000), item);

  const huge = buffered(
    t,
    listReader([{ elapsed_time: 0, topic: "", payload: new Uint8Array(64 * 1024 * 1024) }]),
  );
  const errors: Error[] = [];
  huge.on("error", (error) => errors.push(error));
  huge.start();
  await until(() => errors.length > 0);
  assert.ok(errors[0] instanceof RangeError);
});

test("a slow reader on this thread lets everything else have its turn", async (t) => {
  let reads = 0;
  const buffer = buffered(
    t,
    listReader(
      Array.from({ length: 50 }, (_, index) => ({ elapsed_time: index, topic: "", payload: 0 })),
      () => {
        reads++;
        const end = performance.now() + 3;
        while (performance.now() < end);
      },
    ),
  );
  buffer.start();
  const seen: number[] = [];
  while (!buffer.isReady()) {
    await new Promise((resolve) => setImmediate(resolve));
    seen.push(reads);
  }
  assert.ok(
    seen.length >= 25,
    `the event loop turned ${seen.length} times during 50 reads of 3 ms`,
  );
});
