import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { ArchiveEvent, Gap } from "../../src/archive/event.ts";
import { type Micros, micros } from "../../src/core/units.ts";
import { BatchQueue, type BatchStore } from "../../src/record/batch-queue.ts";

const batch = (name: number): ArchiveEvent[] => [
  { kind: "null", path: `/${name}` },
  { kind: "null", path: `/${name}/b` },
];

/** A store whose room the test gives and takes. */
class Store implements BatchStore {
  readonly items: (string | Omit<Gap, "kind">)[] = [];
  #full: PromiseWithResolvers<void> | undefined;
  hasFailed = false;

  append([first]: readonly ArchiveEvent[]): Micros | null {
    if (this.hasFailed) return null;
    if (first?.path === "/13") throw new Error("too large");
    this.items.push(first?.path ?? "");
    return micros(0);
  }

  gap(gap: Omit<Gap, "kind">): void {
    this.items.push(gap);
  }

  room(): Promise<void> | undefined {
    return this.#full?.promise;
  }

  fill(): void {
    this.#full = Promise.withResolvers();
  }

  empty(): void {
    this.#full?.resolve();
    this.#full = undefined;
  }
}

function begin(slack: number) {
  const store = new Store();
  const refused: unknown[] = [];
  let clock = 1_000;
  const queue = new BatchQueue({
    store,
    slack,
    now: () => micros(clock++),
    onRefused: (error) => refused.push(error),
  });
  return { store, queue, refused, skip: (by: number) => (clock += by) };
}

describe("the queue before the archive", () => {
  test("stores at once while there is room", () => {
    const { store, queue } = begin(2);
    assert.equal(queue.sink("block").offer(batch(1)), undefined);
    assert.equal(queue.sink("drop").offer(batch(2)), undefined);
    assert.equal(queue.sink("drop").offer([]), undefined);
    assert.deepEqual(store.items, ["/1", "/2"]);
    assert.deepEqual(queue.state(), {
      queued: 0,
      batches: 2,
      events: 4,
      lostBatches: 0,
      lostEvents: 0,
    });
  });

  test("asks a source that blocks to wait once it is full, and loses nothing", async () => {
    const { store, queue } = begin(2);
    const sink = queue.sink("block");
    store.fill();
    assert.equal(sink.offer(batch(1)), undefined);
    const room = sink.offer(batch(2));
    assert.ok(room instanceof Promise);
    assert.equal(queue.state().queued, 2);
    store.empty();
    await room;
    await queue.drain();
    assert.deepEqual(store.items, ["/1", "/2"]);
  });

  test("drops of a source that drops are counted and become one gap behind what waited", async () => {
    const { store, queue } = begin(1);
    const sink = queue.sink("drop");
    store.fill();
    for (const name of [1, 2, 3]) assert.equal(sink.offer(batch(name)), undefined);
    assert.equal(sink.lostBatches, 2);
    store.empty();
    await queue.drain();
    sink.offer(batch(4));
    assert.deepEqual(
      store.items.map((item) =>
        typeof item === "string" ? item : [item.from, item.dropped, item.why],
      ),
      ["/1", [1_000, 4, "overload"], "/4"],
    );
    assert.deepEqual(queue.state(), {
      queued: 0,
      batches: 2,
      events: 4,
      lostBatches: 2,
      lostEvents: 4,
    });
  });

  test("keeps the order of two sources with different policies", async () => {
    const { store, queue } = begin(3);
    store.fill();
    queue.sink("drop").offer(batch(1));
    queue.sink("block").offer(batch(2));
    queue.sink("drop").offer(batch(3));
    store.empty();
    await queue.drain();
    assert.deepEqual(store.items, ["/1", "/2", "/3"]);
  });

  test("writes down what a source lost by itself", () => {
    const { store, queue } = begin(1);
    queue.sink("block").lost({ why: "disconnect", events: 0, from: micros(500) });
    queue.sink("block").lost({ why: "overload", events: 7 });
    assert.deepEqual(store.items, [
      { from: 500, to: 1_000, dropped: 0, why: "disconnect" },
      { from: 1_001, to: 1_001, dropped: 7, why: "overload" },
    ]);
    assert.equal(queue.state().lostEvents, 7);
  });

  test("counts a batch that can never be stored, and goes on", () => {
    const { store, queue, refused } = begin(1);
    queue.sink("block").offer(batch(13));
    queue.sink("block").offer(batch(2));
    assert.equal(refused.length, 1);
    assert.equal(store.items.length, 2);
    assert.equal((store.items[0] as Gap).dropped, 2);
    assert.equal(store.items[1], "/2");
    assert.equal(queue.state().lostBatches, 1);
  });

  test("gives up at the end: what waits, and what a source that waits still holds, is lost and becomes a gap", async () => {
    const { store, queue } = begin(2);
    const sink = queue.sink("block");
    store.fill();
    sink.offer(batch(1));
    const held = sink.offer(batch(2))?.then(() => sink.offer(batch(3)));
    await queue.giveUp();
    await held;
    assert.deepEqual(
      store.items.map((item) => typeof item !== "string" && [item.dropped, item.why]),
      [[6, "overload"]],
    );
    store.empty();
    await queue.drain();
    assert.equal(store.items.length, 1);
    const { queued, lostBatches, lostEvents } = queue.state();
    assert.deepEqual([queued, lostBatches, lostEvents], [0, 3, 6]);
  });

  test("counts everything as lost once the store has failed, and lets nobody wait", async () => {
    const { store, queue } = begin(1);
    const sink = queue.sink("block");
    store.fill();
    const room = sink.offer(batch(1));
    store.hasFailed = true;
    queue.fail();
    await room;
    store.empty();
    assert.equal(sink.offer(batch(2)), undefined);
    await queue.drain();
    assert.deepEqual(store.items, []);
    assert.equal(queue.state().lostBatches, 2);
  });
});
