import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { COARSE_BITS, FINE_BITS, Sketch } from "../../../src/trace/info/sketch.ts";

const values = fc.array(
  fc.oneof(fc.nat(300), fc.nat(), fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER })),
  { minLength: 1, maxLength: 300 },
);

const sketchOf = (numbers: readonly number[], bits: number): Sketch => {
  const sketch = new Sketch(bits);
  for (const number of numbers) sketch.add(number);
  return sketch;
};

for (const { bits, error } of [
  { bits: COARSE_BITS, error: 1 / 256 },
  { bits: FINE_BITS, error: 1 / 2048 },
]) {
  test(`a quantile of ${bits} bits is off by at most ${(error * 100).toFixed(2)} %`, () => {
    fc.assert(
      fc.property(values, fc.double({ min: 0.001, max: 0.999, noNaN: true }), (numbers, p) => {
        const sorted = numbers.toSorted((a, b) => a - b);
        const exact = sorted[Math.max(1, Math.ceil(p * sorted.length)) - 1] ?? 0;
        const found = sketchOf(numbers, bits).quantile(p);
        assert.ok(Math.abs(found - exact) <= exact * error + 0.5, `${found} for ${exact}`);
      }),
    );
  });
}

test("total, sum, ends and the first and last quantile are exact", () => {
  fc.assert(
    fc.property(values, (numbers) => {
      const sketch = sketchOf(numbers, COARSE_BITS);
      const [least, greatest] = [Math.min(...numbers), Math.max(...numbers)];
      assert.equal(sketch.total, numbers.length);
      assert.equal(
        sketch.sum,
        numbers.reduce((sum, number) => sum + number, 0),
      );
      assert.deepEqual([sketch.least, sketch.greatest], [least, greatest]);
      assert.deepEqual([sketch.quantile(0), sketch.quantile(1)], [least, greatest]);
    }),
  );
});

test("the steps of a sketch rise to all of the values", () => {
  fc.assert(
    fc.property(values, (numbers) => {
      const steps = sketchOf(numbers, COARSE_BITS).steps();
      const shares = steps.map(([, share]) => share);
      assert.deepEqual(
        shares,
        shares.toSorted((a, b) => a - b),
      );
      assert.equal(shares.at(-1), 1);
    }),
  );
});

test("a sketch without values has no quantile", () => {
  assert.ok(Number.isNaN(new Sketch().quantile(0.5)));
});
