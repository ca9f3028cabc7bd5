import assert from "node:assert/strict";
import { test } from "node:test";
import { inflateSync } from "node:zlib";
import fc from "fast-check";
import { build, decodeFromCompressedBase64, encodeIntoCompressedBase64 } from "hdr-histogram-js";
import { decodeHdr, encodeHdr } from "../../src/stats/hdr.ts";
import { HIGHEST_NS, highestAt, INDEX_COUNT } from "../../src/stats/histogram.ts";
import { toHdr } from "./hdr-library.ts";

const HEAD_BYTES = 40;

const counters = fc.uniqueArray(
  fc.tuple(
    fc.oneof(fc.integer({ min: 0, max: 40 }), fc.integer({ min: 0, max: INDEX_COUNT - 1 })),
    fc.oneof(fc.integer({ min: 1, max: 200 }), fc.integer({ min: 1, max: 2 ** 40 })),
  ),
  { selector: ([index]) => index },
);

/** What stands behind the head of a histogram in base64. */
const countsIn = (base64: string): Buffer =>
  inflateSync(Buffer.from(base64, "base64").subarray(8)).subarray(HEAD_BYTES);

test("hdr: counts are encoded as the library does it, and the library reads them back", () => {
  fc.assert(
    fc.property(counters, (unsorted) => {
      const sorted = unsorted.toSorted(([a], [b]) => a - b);
      const indices = sorted.map(([index]) => index);
      const counts = sorted.map(([, count]) => count);
      const total = counts.reduce((sum, count) => sum + count, 0);
      const distribution = { indices, counts, total, sum: 7 };
      const library = toHdr(distribution);
      const ours = encodeHdr(distribution);
      assert.deepEqual(countsIn(ours), countsIn(encodeIntoCompressedBase64(library)));
      const read = decodeFromCompressedBase64(ours, 64);
      assert.deepEqual(
        [read.totalCount, read.highestTrackableValue, read.numberOfSignificantValueDigits],
        [total, HIGHEST_NS, 3],
      );
      const last = indices.at(-1);
      assert.equal(read.maxValue, last === undefined ? 0 : highestAt(last));
      assert.deepEqual(decodeHdr(ours, 7), distribution);
      assert.deepEqual(decodeHdr(encodeIntoCompressedBase64(library), 7), distribution);
      const middles = decodeHdr(ours).sum;
      assert.ok(Math.abs(middles - read.mean * total) <= 1e-9 * middles, `${middles}`);
    }),
  );
});

test("hdr: one of another unit or precision, and what is none at all, is refused or read as the library does", () => {
  const coarse = build({ numberOfSignificantValueDigits: 2, highestTrackableValue: HIGHEST_NS });
  coarse.recordValue(1000);
  for (const text of ["", "HISTFAAA", "x".repeat(200), encodeIntoCompressedBase64(coarse)])
    assert.throws(() => decodeHdr(text), /^DrayageError: not a histogram/, text);
  const { indices, counts } = decodeHdr(
    encodeHdr({ indices: [5], counts: [2], total: 2, sum: 10 }),
  );
  assert.deepEqual([indices, counts], [[5], [2]]);
});
