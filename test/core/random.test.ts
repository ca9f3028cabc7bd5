import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { random } from "../../src/core/random.ts";

// Frozen: a change of these values changes every seeded run, trace and registry choice ever published.
for (const { seed, values } of [
  { seed: 0, values: [0.2406689755973752, 0.05555224833394745, 0.5843200907261772] },
  { seed: 1, values: [0.5084485736297539, 0.7788431338849304, 0.08910814246359122] },
  { seed: "drayage", values: [0.23420095225203463, 0.27973362318673245, 0.13203736245193431] },
  { seed: "", values: [0.20566372548622736, 0.3201083721424026, 0.870260919314978] },
]) {
  test(`random: the seed ${JSON.stringify(seed)} gives the values of all versions`, () => {
    const stream = random(seed);
    assert.deepEqual(
      values.map(() => stream.next()),
      values,
    );
  });
}

test("random: a number and its text are the same seed", () => {
  const [number, text] = [random(7), random("7")];
  for (let draw = 0; draw < 100; draw++) assert.equal(number.next(), text.next());
});

test("random: values fill [0, 1) evenly", () => {
  const stream = random("evenness");
  const draws = 200_000;
  const bins = new Array<number>(20).fill(0);
  for (let draw = 0; draw < draws; draw++) {
    const bin = stream.integer(bins.length);
    bins[bin] = (bins[bin] ?? 0) + 1;
  }
  const expected = draws / bins.length;
  const chiSquare = bins.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
  // 19 degrees of freedom: 43.8 is exceeded once in a thousand seeds, and this seed is fixed.
  assert.ok(chiSquare < 43.8, `chi-square ${chiSquare}`);
});

test("random: an integer stays below its bound, and different seeds differ", () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), fc.integer({ min: 1, max: 2 ** 40 }), (a, b, bound) => {
      const [left, right] = [random(a), random(b)];
      const drawn = Array.from({ length: 4 }, () => left.integer(bound));
      assert.ok(drawn.every((value) => Number.isInteger(value) && value >= 0 && value < bound));
      if (a !== b) assert.notEqual(left.next(), right.next());
    }),
  );
});
