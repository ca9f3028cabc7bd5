import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ArrivalSort } from "../../src/trace/arrival-sort.ts";

/** Microseconds: ties, a day, and as far apart as times can be written. */
const arrival = fc.oneof(
  fc.integer({ min: -5, max: 5 }),
  fc.integer({ min: 0, max: 86_400_000 }).map((ms) => ms * 1000),
  fc.integer({ min: -(2 ** 53), max: 2 ** 53 }),
);

test("places are those of a plain stable sort, run after run with the same tables", () => {
  const sort = new ArrivalSort();
  fc.assert(
    fc.property(fc.array(arrival, { minLength: 1, maxLength: 200 }), (arrivals) => {
      const earliest = Math.min(...arrivals);
      const span = Math.max(...arrivals) - earliest;
      const expected = arrivals.map((_, place) => place);
      expected.sort((a, b) => (arrivals[a] as number) - (arrivals[b] as number) || a - b);
      const places = sort.places(Float64Array.from(arrivals), earliest, span);
      assert.deepEqual([...places], expected);
    }),
  );
});
