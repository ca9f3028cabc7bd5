import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Float64Histogram } from "hdr-histogram-js";
import {
  HIGHEST_NS,
  highestAt,
  INDEX_COUNT,
  indexOf,
  lowestAt,
} from "../../src/stats/histogram.ts";

const reference = () => new Float64Histogram(1, HIGHEST_NS, 3);

test("histogram: as many counters as HdrHistogram has for the same range", () => {
  assert.equal(INDEX_COUNT, reference().countsArrayLength);
});

test("histogram: every index has HdrHistogram's borders, and its borders have that index", () => {
  const hdr = reference();
  for (let index = 0; index < INDEX_COUNT; index++) {
    const lowest = hdr.valueFromIndex(index);
    assert.equal(lowestAt(index), lowest);
    assert.equal(highestAt(index), hdr.highestEquivalentValue(lowest));
    assert.equal(indexOf(lowest), index);
    assert.equal(indexOf(highestAt(index)), index);
  }
});

test("histogram: any time falls where HdrHistogram puts it, fractions cut off", () => {
  const hdr = reference();
  fc.assert(
    fc.property(fc.double({ min: 0, max: HIGHEST_NS, noNaN: true }), (ns) => {
      assert.equal(indexOf(ns), hdr.countsArrayIndex(Math.floor(ns)));
    }),
    { numRuns: 2000 },
  );
});

for (const { name, ns } of [
  { name: "zero", ns: 0 },
  { name: "the last value of the first bucket", ns: 2047 },
  { name: "the last value of 32 bits", ns: 2 ** 32 - 1 },
  { name: "a fraction below 2^32", ns: 2 ** 32 - 0.5 },
  { name: "the first value above 32 bits", ns: 2 ** 32 },
  { name: "the last value before a power of two", ns: 2 ** 40 - 1 },
  { name: "an hour", ns: HIGHEST_NS },
]) {
  test(`histogram: ${name} is counted within one part in 1024`, () => {
    const index = indexOf(ns);
    assert.ok(lowestAt(index) <= ns && ns < highestAt(index) + 1, `${ns} at ${index}`);
    assert.ok(highestAt(index) - lowestAt(index) <= ns / 1024);
  });
}
