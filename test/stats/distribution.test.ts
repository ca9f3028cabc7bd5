import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Float64Histogram } from "hdr-histogram-js";
import {
  emptyDistribution,
  maximumOf,
  meanOf,
  mergeDistributions,
  supportedPercentile,
  supportsPercentile,
  valueAtPercentile,
} from "../../src/stats/distribution.ts";
import { decodeHdr, encodeHdr } from "../../src/stats/hdr.ts";
import { HIGHEST_NS } from "../../src/stats/histogram.ts";
import { toHdr } from "./hdr-library.ts";
import { distributionOf } from "./samples.ts";

const times = fc.array(fc.integer({ min: 0, max: HIGHEST_NS }), { minLength: 1, maxLength: 300 });
const percents = [0.1, 1, 25, 50, 75, 90, 95, 99, 99.9, 99.99, 100];

test("distribution: percentiles, maximum and counts equal HdrHistogram's for the same values", () => {
  fc.assert(
    fc.property(times, (values) => {
      const hdr = new Float64Histogram(1, HIGHEST_NS, 3);
      for (const value of values) hdr.recordValue(value);
      const distribution = distributionOf(values);
      assert.equal(distribution.total, hdr.totalCount);
      for (const percent of percents) {
        assert.equal(
          valueAtPercentile(distribution, percent),
          hdr.getValueAtPercentile(percent),
          `p${percent}`,
        );
      }
      assert.equal(maximumOf(distribution), hdr.getValueAtPercentile(100));
    }),
    { numRuns: 100 },
  );
});

test("distribution: no percentile exceeds the maximum, and none falls below a smaller one", () => {
  fc.assert(
    fc.property(times, (values) => {
      const distribution = distributionOf(values);
      let last = 0;
      for (const percent of percents) {
        const value = valueAtPercentile(distribution, percent);
        assert.ok(last <= value && value <= maximumOf(distribution));
        last = value;
      }
    }),
    { numRuns: 100 },
  );
});

test("distribution: merged parts equal the distribution of all values", () => {
  fc.assert(
    fc.property(times, times, times, (a, b, c) => {
      assert.deepEqual(
        mergeDistributions([distributionOf(a), distributionOf(b), distributionOf(c)]),
        distributionOf([...a, ...b, ...c]),
      );
    }),
    { numRuns: 50 },
  );
});

test("distribution: HdrHistogram's V2 form keeps every count", () => {
  fc.assert(
    fc.property(times, (values) => {
      const distribution = distributionOf(values);
      assert.deepEqual(decodeHdr(encodeHdr(distribution), distribution.sum), distribution);
    }),
    { numRuns: 50 },
  );
});

test("distribution: counts beyond 32 bits survive the V2 form", () => {
  const distribution = { indices: [3, 2500], counts: [2 ** 33, 7], total: 2 ** 33 + 7, sum: 1 };
  assert.deepEqual(decodeHdr(encodeHdr(distribution), 1), distribution);
});

test("distribution: without its sum, the mean of the V2 form is HdrHistogram's", () => {
  const distribution = distributionOf([100, 200, 50_000, 7_000_000]);
  assert.equal(meanOf(decodeHdr(encodeHdr(distribution))), toHdr(distribution).mean);
});

for (const { name, text } of [
  { name: "text", text: "hello" },
  { name: "nothing", text: "" },
  { name: "a cut histogram", text: encodeHdr(distributionOf([1, 2, 3])).slice(0, 24) },
]) {
  test(`distribution: ${name} is no histogram, and that is a protocol error`, () => {
    assert.throws(() => decodeHdr(text), { code: "protocol" });
  });
}

test("distribution: the mean is exact where buckets are coarse", () => {
  assert.equal(meanOf(distributionOf([3_000_000_001, 3_000_000_004])), 3_000_000_002.5);
});

for (const { percent, needed } of [
  { percent: 50, needed: 20 },
  { percent: 75, needed: 40 },
  { percent: 90, needed: 100 },
  { percent: 95, needed: 200 },
  { percent: 99, needed: 1000 },
  { percent: 99.9, needed: 10_000 },
  { percent: 99.99, needed: 100_000 },
]) {
  test(`distribution: p${percent} takes ${needed} values, not one less`, () => {
    assert.equal(supportsPercentile(needed, percent), true);
    assert.equal(supportsPercentile(needed - 1, percent), false);
  });
}

test("distribution: too few values give null, none give NaN and no crash", () => {
  assert.equal(supportedPercentile(distributionOf([1, 2, 3]), 50), null);
  assert.equal(supportedPercentile(emptyDistribution, 50), null);
  assert.ok(Number.isNaN(valueAtPercentile(emptyDistribution, 50)));
  assert.ok(Number.isNaN(maximumOf(emptyDistribution)));
});
