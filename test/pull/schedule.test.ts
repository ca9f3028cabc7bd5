import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { instantsOf, levelChange, readSchedule } from "../../src/pull/schedule.ts";

const parseLength = (text: string): number => Number(text.replace("s", "")) * 1000;
const schedule = (text: string, patterns: number, stepMs: number) =>
  readSchedule({ text, patterns, stepMs, parseLength });

for (const { text, patterns, levels, endMs } of [
  { text: "updown", patterns: 3, levels: [1, 2, 3, 2, 1], endMs: 100_000 },
  { text: "updown", patterns: 1, levels: [1], endMs: 20_000 },
  { text: "up", patterns: 3, levels: [1, 2, 3], endMs: 60_000 },
  { text: "flat", patterns: 3, levels: [3], endMs: 20_000 },
  { text: "1,5,10", patterns: 2, levels: [1, 5, 10], endMs: 60_000 },
  { text: "1@30s, 10@120s,1", patterns: 2, levels: [1, 10, 1], endMs: 170_000 },
]) {
  test(`${text} with ${patterns} patterns has the levels ${levels.join(" ")}`, () => {
    const { steps, endMs: end, levelMax } = schedule(text, patterns, 20_000);
    assert.deepEqual(
      steps.map(({ level }) => level),
      levels,
    );
    assert.equal(end, endMs);
    assert.equal(levelMax, Math.max(...levels));
  });
}

for (const text of ["", "down", "0", "1,", "1@", "1@0s", "-1", "1.5", "9999999"]) {
  test(`"${text}" is no schedule`, () => {
    assert.throws(() => schedule(text, 2, 1000), /--steps wants/);
  });
}

test("the example of the original: 36 ticks, the last one at the end, levels taken before a border", () => {
  const { steps, endMs } = schedule("updown", 5, 20_000);
  assert.equal(endMs, 180_000);
  let level = 0;
  const columns: number[] = [];
  for (const { tick, border } of instantsOf(
    { steps, endMs, levelMax: 5 },
    { tallyMs: 5000, settleMs: 0 },
  )) {
    if (tick) columns.push(level);
    if (border !== undefined) level = steps[border]?.level ?? 0;
  }
  const four = (value: number): number[] => [value, value, value, value];
  assert.deepEqual(columns, [1, 2, 3, 4, 5, 4, 3, 2, 1].flatMap(four));
});

test("the settling of a step ends within it, or not at all", () => {
  const plan = schedule("1@1s,2@5s", 1, 1000);
  const settled = [...instantsOf(plan, { tallyMs: 60_000, settleMs: 2000 })].filter(
    (instant) => instant.settled,
  );
  assert.deepEqual(
    settled.map(({ atMs }) => atMs),
    [3000],
  );
});

test("instants ascend, every border and every tick up to the end comes once", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 12 }),
      fc.integer({ min: 1, max: 500 }),
      fc.integer({ min: 1, max: 700 }),
      fc.integer({ min: 0, max: 600 }),
      (patterns, stepMs, tallyMs, settleMs) => {
        const plan = schedule("updown", patterns, stepMs);
        const instants = [...instantsOf(plan, { tallyMs, settleMs })];
        for (let at = 1; at < instants.length; at++)
          assert.ok((instants[at - 1]?.atMs ?? 0) < (instants[at]?.atMs ?? 0));
        const borders = instants.flatMap(({ border }) => (border === undefined ? [] : [border]));
        assert.deepEqual(
          borders,
          Array.from({ length: plan.steps.length + 1 }, (_, index) => index),
        );
        const ticks = instants.filter(({ tick }) => tick).map(({ atMs }) => atMs);
        assert.equal(ticks.length, Math.floor(plan.endMs / tallyMs));
        assert.ok(ticks.every((atMs, index) => atMs === (index + 1) * tallyMs));
      },
    ),
  );
});

test("going up starts ascending, going down stops the highest first", () => {
  assert.deepEqual(levelChange(1, 3), { start: [1, 2], stop: [] });
  assert.deepEqual(levelChange(3, 1), { start: [], stop: [2, 1] });
  assert.deepEqual(levelChange(2, 2), { start: [], stop: [] });
});
