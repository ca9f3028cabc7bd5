import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { UnderWay } from "../../../src/trace/info/under-way.ts";

test("requests under way are those that began and have not ended, and the one that begins, however short", () => {
  const requests = fc.array(fc.record({ start: fc.nat(500), length: fc.nat(80) }), {
    maxLength: 2000,
  });
  fc.assert(
    fc.property(requests, (drawn) => {
      const inOrder = drawn.toSorted((a, b) => a.start - b.start);
      const underWay = new UnderWay();
      inOrder.forEach(({ start, length }, place) => {
        const wanted = inOrder
          .slice(0, place + 1)
          .filter((other, at) => at === place || other.start + other.length > start).length;
        assert.equal(underWay.arrive(start, start + length), wanted);
      });
    }),
    { numRuns: 40 },
  );
});
