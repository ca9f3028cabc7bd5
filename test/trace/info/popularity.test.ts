import assert from "node:assert/strict";
import { test } from "node:test";
import { popularityOf } from "../../../src/trace/info/popularity.ts";

for (const { name, counts, wanted } of [
  {
    name: "nothing was fetched",
    counts: [],
    wanted: { requests: 0, objects: 0, once: Number.NaN, topShares: [], repeated: 0 },
  },
  {
    name: "every object was fetched once",
    counts: [1, 1],
    wanted: { requests: 2, objects: 2, once: 1, topShares: [[1, 0.5]], repeated: 0 },
  },
  {
    name: "some were fetched again, in any order",
    counts: [1, 6, 1, 2],
    wanted: {
      requests: 10,
      objects: 4,
      once: 0.5,
      topShares: [
        [1, 0.6],
        [3, 0.9],
      ],
      repeated: 2,
    },
  },
]) {
  test(`popularity when ${name}`, () => {
    assert.deepEqual(popularityOf(Uint32Array.from(counts)), wanted);
  });
}
