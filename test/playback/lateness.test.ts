import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { nanos } from "../../src/core/units.ts";
import { Lateness } from "../../src/playback/lateness.ts";
import { valueAtPercentile } from "../../src/stats/distribution.ts";

const latenessOf = (values: readonly number[]): Lateness => {
  const lateness = new Lateness();
  for (const value of values) lateness.add(nanos(value));
  return lateness;
};

test("lateness: without values there are no figures", () => {
  const { count, mean, p50, max, drift } = new Lateness().figures();
  assert.deepEqual(
    { count, mean, p50, max, drift },
    { count: 0, mean: NaN, p50: NaN, max: NaN, drift: NaN },
  );
});

test("lateness: what is early is on time, what is later than a minute counts as a minute", () => {
  const lateness = latenessOf([-5000, 3.6e12]);
  assert.equal(lateness.figures().p50, 0);
  assert.ok(Math.abs(lateness.figures().max / 60e9 - 1) < 0.001);
});

test("lateness: percentiles are exact to three digits", () => {
  const value = fc.integer({ min: 0, max: 60_000_000_000 });
  fc.assert(
    fc.property(fc.array(value, { minLength: 1, maxLength: 300 }), (values) => {
      const sorted = values.toSorted((a, b) => a - b);
      const { p50, p99, max, mean } = latenessOf(values).figures();
      const at = (p: number): number => sorted[Math.ceil(p * sorted.length) - 1] as number;
      for (const [figure, exact] of [
        [p50, at(0.5)],
        [p99, at(0.99)],
        [max, at(1)],
      ] as const) {
        assert.ok(Math.abs(figure - exact) <= exact / 1000 + 1, `${figure} is not ${exact}`);
      }
      assert.ok(
        Math.abs(mean - values.reduce((sum, one) => sum + one, 0) / values.length) <
          1e-3 * mean + 1,
      );
    }),
  );
});

test("lateness: drift is the mean of the last tenth minus that of the first", () => {
  const value = fc.integer({ min: 0, max: 1_000_000 });
  fc.assert(
    fc.property(fc.array(value, { minLength: 10, maxLength: 400 }), (some) => {
      const values = some.slice(0, some.length - (some.length % 10));
      const tenth = values.length / 10;
      const mean = (part: number[]): number =>
        part.reduce((sum, one) => sum + one, 0) / part.length;
      const expected = mean(values.slice(-tenth)) - mean(values.slice(0, tenth));
      assert.ok(Math.abs(latenessOf(values).drift() - expected) < 1e-3);
    }),
  );
});

test("lateness: a steady growth shows as drift over any number of batches", () => {
  for (const count of [1000, 12_345, 100_000]) {
    const values = Array.from({ length: count }, (_, batch) => (1e9 * batch) / count);
    assert.ok(Math.abs(latenessOf(values).drift() / 0.9e9 - 1) < 0.01);
  }
});

test("lateness: the distribution has every value once", () => {
  const distribution = latenessOf([1000, 2000, 2000, 5e6]).distribution();
  assert.equal(distribution.total, 4);
  assert.equal(
    distribution.counts.reduce((sum, count) => sum + count, 0),
    4,
  );
  assert.equal(distribution.sum, 5_005_000);
  assert.equal(valueAtPercentile(distribution, 50), 2000);
});
