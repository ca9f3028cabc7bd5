import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { SIZE_BINS, sizeBinOf, smallestOf } from "../../src/stats/size-bin.ts";
import { allocateTally } from "../../src/stats/tally-layout.ts";
import { TallyReader } from "../../src/stats/tally-reader.ts";
import { distributionOf, whole, writerOf } from "./samples.ts";

const sizes = fc.oneof(
  fc.integer({ min: 0, max: 5000 }),
  fc.maxSafeNat(),
  fc.integer({ min: 0, max: 52 }).map((power) => 2 ** power),
);

test("size bin: a size lies between the smallest of its bin and that of the next", () => {
  fc.assert(
    fc.property(sizes, (bytes) => {
      const bin = sizeBinOf(bytes);
      assert.ok(bin >= 0 && bin < SIZE_BINS);
      assert.ok(smallestOf(bin) <= bytes);
      if (bin < SIZE_BINS - 1) assert.ok(bytes < smallestOf(bin + 1));
    }),
  );
});

test("tally: successes are counted by the size of their body, phases by their stamps", () => {
  const memory = allocateTally();
  const tally = writerOf(memory);
  whole(tally, { sent: 100, connected: 150, firstByte: 300, done: 1000, bytesIn: 5000 });
  whole(tally, { sent: 0, firstByte: 10, done: 40, bytesOut: 4096 });
  whole(tally, { sent: 0, done: 7 });
  whole(tally, { sent: 0, done: 9, failure: 1, bytesIn: 3 });
  const { sizes: bins, connect, classes } = new TallyReader([memory]).totals();
  assert.deepEqual(bins, [
    { bin: 0, service: distributionOf([7]) },
    { bin: 7, service: distributionOf([900, 40]) },
  ]);
  assert.deepEqual(connect, distributionOf([50]));
  assert.deepEqual(classes[0]?.transfer, distributionOf([700, 30]));
});
