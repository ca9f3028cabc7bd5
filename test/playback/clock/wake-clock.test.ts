import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { type Nanos, nanos } from "../../../src/core/units.ts";
import { WakeClock, type WakeSlot } from "../../../src/playback/clock/wake-clock.ts";

let clock: WakeClock;
before(async () => {
  clock = await WakeClock.start();
});
after(() => clock.close());

const MS = 1e6;

test("wake clock: rings in the order of due times, none early, none twice", async () => {
  const start = clock.now();
  const told: number[] = [];
  let left = 20;
  await new Promise<void>((resolve) => {
    for (let index = 0; index < 20; index++) {
      const due = nanos(start + ((index * 7) % 20) * 2 * MS + 5 * MS);
      const slot = clock.slot(() => {
        assert.ok(clock.now() >= due, "early");
        told.push(due);
        slot.release();
        left--;
        if (left === 0) resolve();
      });
      slot.at(due);
    }
  });
  assert.deepEqual(
    told,
    told.toSorted((a, b) => a - b),
  );
  await pause(20);
  assert.equal(told.length, 20);
});

test("wake clock: a new due time replaces the old one, earlier or later", async () => {
  let rings = 0;
  const start = clock.now();
  const rung = new Promise<number>((resolve) => {
    const slot = clock.slot(() => {
      rings++;
      resolve(clock.now());
    });
    slot.at(nanos(start + 3_600_000 * MS));
    slot.at(nanos(start + 5 * MS));
    slot.at(nanos(start + 30 * MS));
  });
  assert.ok((await rung) >= start + 30 * MS);
  assert.equal(rings, 1);
});

test("wake clock: what was cancelled does not ring, and its place serves another", async () => {
  const cancelled = clock.slot(() => assert.fail("it was cancelled"));
  cancelled.at(nanos(clock.now() + 5 * MS));
  cancelled.cancel();
  const released = clock.slot(() => assert.fail("it was released"));
  released.at(nanos(clock.now() + 5 * MS));
  released.release();
  await new Promise<void>((resolve) => {
    const slot = clock.slot(resolve);
    slot.at(nanos(clock.now() + 15 * MS));
  });
});

test("wake clock: a part that is always late lets the event loop turn", async () => {
  let rings = 0;
  const slot = clock.slot(() => {
    rings++;
    slot.at(nanos(0));
  });
  slot.at(nanos(0));
  await pause(20);
  assert.ok(rings > 1);
  slot.release();
  const told = rings;
  await pause(10);
  assert.equal(rings, told);
});

test("wake clock: of many slots each is rung at its time, also where they ask again as they are rung", async () => {
  const start = clock.now();
  const counts = new Array<number>(500).fill(0);
  const slots: WakeSlot[] = [];
  await new Promise<void>((resolve) => {
    let left = 500;
    counts.forEach((_, index) => {
      const dueOf = (): Nanos =>
        nanos(start + (10 + (counts[index] as number) * 10) * MS + index * 10_000);
      const slot = clock.slot(() => {
        assert.ok(clock.now() >= dueOf(), "early");
        counts[index] = (counts[index] as number) + 1;
        if (counts[index] === 3) {
          slot.release();
          left--;
          if (left === 0) resolve();
        } else slot.at(dueOf());
      });
      slots.push(slot);
    });
    slots.forEach((slot, index) => {
      slot.at(nanos(start + 10 * MS + index * 10_000));
    });
  });
  await pause(20);
  assert.deepEqual(new Set(counts), new Set([3]));
});
