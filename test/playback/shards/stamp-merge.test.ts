import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type Micros, micros } from "../../../src/core/units.ts";
import {
  clockOffset,
  offsetOnMachine,
  readTogether,
} from "../../../src/playback/shards/clock-offset.ts";
import { mergedArchive, type StampSource } from "../../../src/playback/shards/merged-archive.ts";
import { mergedStamps, stepBack, stepForward } from "../../../src/playback/shards/stamp-merge.ts";

const us = (...stamps: number[]): Micros[] => stamps.map(micros);

for (const { title, from, count, leads } of [
  { title: "one forward is the next stamp of any shard", from: 10, count: 1, leads: 20 },
  { title: "a stamp that two shards have is one step", from: 20, count: 2, leads: 50 },
  { title: "steps end at the last batch", from: 50, count: 9, leads: 60 },
  { title: "behind everything there is nothing to step over", from: 70, count: 1, leads: 70 },
  { title: "one back leaves the batch before", from: 60, count: -1, leads: 50 },
  { title: "back over a stamp that two shards have", from: 50, count: -1, leads: 30 },
  { title: "back from between two batches", from: 45, count: -1, leads: 20 },
  { title: "back beyond the first batch is in front of it", from: 20, count: -5, leads: 9 },
]) {
  test(`steps over shards: ${title}`, () => {
    const lists = [us(10, 30, 60), us(20, 30, 50)];
    const led =
      count > 0
        ? stepForward(micros(from), { lists, count })
        : stepBack(micros(from), { lists, count: -count, first: micros(10) });
    assert.equal(led, leads);
  });
}

/** Shards that answer with as many stamps as they are asked for. */
const sourceOf =
  (shards: readonly (readonly Micros[])[]): StampSource =>
  (from, count) =>
    Promise.resolve(
      shards.map((stamps) =>
        count > 0
          ? stamps.filter((stamp) => stamp > from).slice(0, count)
          : stamps.filter((stamp) => stamp <= from).slice(count),
      ),
    );

test("steps over shards lead where steps over one archive with all batches lead", async () => {
  const stamps = fc.uniqueArray(fc.integer({ min: 1, max: 200 }), { minLength: 1, maxLength: 60 });
  const split = fc.record({
    stamps,
    shards: fc.integer({ min: 1, max: 4 }),
    from: fc.integer({ min: 0, max: 210 }),
    count: fc.integer({ min: 1, max: 128 }),
    twice: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(split, async ({ stamps: given, shards, from, count, twice }) => {
      const all = mergedStamps([given]);
      const lists = Array.from({ length: shards }, (_, shard) =>
        all.filter((_stamp, place) => place % shards === shard || (twice && place % 7 === 0)),
      );
      const looks = lists.map((list) => ({ first: list[0] ?? null, last: list.at(-1) ?? null }));
      const merged = mergedArchive(looks, sourceOf(lists));
      const later = all.filter((stamp) => stamp > from);
      const passed = all.filter((stamp) => stamp <= from);
      const cursor = merged.cursor(micros(from));
      const last = later[Math.min(count, later.length) - 1] ?? from;
      assert.equal(await cursor.forward(count), last);
      const before = passed[passed.length - count - 1] ?? Number(all[0]) - 1;
      assert.equal(await cursor.back(count), before);
      const next = await cursor.next();
      assert.equal(next?.kind === "batch" ? next.stamp : null, later[0] ?? null);
      assert.deepEqual([await merged.firstOfAll(), merged.last()], [all[0], all.at(-1)]);
    }),
  );
});

test("a clock's offset is that of the quickest round trip", () => {
  const trips = [
    { sent: 1000, theirs: 6300, received: 1500 },
    { sent: 2000, theirs: 7010, received: 2020 },
    { sent: 3000, theirs: 8900, received: 3900 },
  ].map(({ sent, theirs, received }) => ({
    sent: micros(sent),
    theirs: micros(theirs),
    received: micros(received),
  }));
  assert.equal(clockOffset(trips), 5000);
});

test("a clock's offset is at most half the quickest round trip wrong", () => {
  const trip = fc.record({ there: fc.nat(5000), back: fc.nat(5000), at: fc.nat(1_000_000) });
  fc.assert(
    fc.property(fc.array(trip, { minLength: 1, maxLength: 8 }), fc.integer(), (legs, offset) => {
      const trips = legs.map(({ at, there, back }) => ({
        sent: micros(at),
        theirs: micros(at + there + offset),
        received: micros(at + there + back),
      }));
      const quickest = Math.min(...legs.map(({ there, back }) => there + back));
      assert.ok(Math.abs(clockOffset(trips) - offset) <= quickest / 2 + 1e-3);
    }),
  );
});

test("clocks of one machine are compared exactly, unless they are too far apart to be of one; others are not", () => {
  const at = (boot: string, ahead: number) => ({ boot, ahead: micros(ahead) });
  assert.equal(
    offsetOnMachine(at("a", 1_700_000_000_000_700), at("a", 1_700_000_000_000_000)),
    700,
  );
  assert.equal(offsetOnMachine(at("a", 0), at("a", 2_000_000)), undefined);
  assert.equal(offsetOnMachine(at("a", 0), at("b", 0)), undefined);
  assert.equal(offsetOnMachine(null, at("b", 0)), undefined);
});

test("of several readings of two clocks the closest is taken", () => {
  // The second reading of the first clock comes late twice.
  const readings = [100, 9100, 10_000, 10_004, 20_000, 29_000, 30_000, 39_000, 40_000, 49_000];
  let other = 0;
  const { first, second } = readTogether(
    () => readings.shift() ?? 0,
    () => ++other,
  );
  assert.deepEqual({ first, second }, { first: 10_002, second: 3 });
});
