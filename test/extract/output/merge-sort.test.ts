import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { mergeSorted } from "../../../src/extract/output/merge-sort.ts";

test("places are ordered by three keys, NULLs at either end, equal ones as they came", () => {
  const first = fc.oneof(
    fc.integer({ min: -3, max: 3 }),
    fc.constantFrom(Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY),
  );
  const key = fc.tuple(first, fc.nat(2), fc.nat(2));
  fc.assert(
    fc.property(fc.array(key, { maxLength: 300 }), (keys) => {
      const order = mergeSorted(keys.length, Float64Array.from(keys.flat()));
      const compare = (a: number, b: number): number => {
        for (const part of [0, 1, 2] as const) {
          const [one = 0, other = 0] = [keys[a]?.[part], keys[b]?.[part]];
          if (one !== other) return one < other ? -1 : 1;
        }
        return a - b;
      };
      assert.deepEqual([...order], [...keys.keys()].toSorted(compare));
    }),
  );
});
