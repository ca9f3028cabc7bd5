import assert from "node:assert/strict";
import { test } from "node:test";
import {
  simulateTwoTier,
  twoTierArguments,
  twoTierLines,
} from "../../../src/plugins/simulations/two-tier/two-tier-simulation.ts";
import { type Asked, blobs, contextOf } from "./traces.ts";

const GIB = 2 ** 30;

/** `capacity` bytes of memory. */
const run = (list: readonly Asked[], capacity: number, compat = false) => {
  const args = twoTierArguments({ cache_size: capacity / GIB, compat }, { counterpart: false });
  return simulateTwoTier(args, contextOf(list));
};

test("the original's lines come in the order of tiers and names", () => {
  assert.deepEqual(
    twoTierLines(run(blobs([["a", 1]]), 100)).map((line) => line.split(":")[0]),
    [10, 15, 20].flatMap((tier) =>
      ["lmu hits", "lmu misses", "h hits", "h misses"].map((name) => `0 ${tier} ${name}`),
    ),
  );
});

test("a miss that makes memory evict for the first time is still warm-up", () => {
  const { fs } = run(
    blobs([
      ["a", 60],
      ["b", 60],
      ["b", 60],
      ["c", 10],
      ["a", 60],
    ]),
    100,
  );
  assert.deepEqual([fs[0]?.lines["lmu hits"], fs[0]?.lines["lmu misses"]], [1, 2]);
});

test("an object as large as memory goes to the file system, and is no object of memory", () => {
  const { memory, fs } = run(
    blobs([
      ["a", 100],
      ["a", 100],
      ["b", 99],
      ["b", 99],
    ]),
    100,
  );
  assert.deepEqual([memory.evictions, fs[0]?.evictions], [0, 0]);
});

test("a file system counts from when it first evicts", () => {
  // Large objects fill the smallest of the three tiers, 1,000 bytes, and one more evicts.
  const filling = Array.from({ length: 11 }, (_, index) => [`f${index}`, 100] as const);
  const { fs } = run(blobs([...filling, ["f10", 100], ["f0", 100], ["new", 100]]), 100);
  assert.deepEqual(
    fs.map(({ lines, evictions }) => [lines["h hits"], lines["h misses"], evictions]),
    [
      [1, 2, 3],
      [0, 0, 0],
      [0, 0, 0],
    ],
  );
});

test("the word manifest anywhere in a uri makes it no item, as in the original", () => {
  const uris = [
    "v2/manifest/b/blobs/x",
    "v2/a/manifesto/blobs/x",
    "v2/a/b/blobs/manifest",
    "v2/a/manifes/blobs/t",
    "v2/a/mmanifes/blobs/x",
  ];
  const { items } = run(
    uris.map((uri) => ({ uri, size: 10 })),
    100,
  );
  assert.equal(items, 2);
});

test("manifests are no items, and requests of all methods are", () => {
  const result = run(
    [
      { uri: "v2/a/b/manifests/x", size: 10 },
      { uri: "v2/a/b/blobs/x", size: 10, method: "PUT" },
      { uri: "v2/c/d/blobs/x", size: 10 },
    ],
    100,
  );
  assert.equal(result.items, 2);
});

test("progress is told at every tenth", () => {
  const context = contextOf(blobs(Array.from({ length: 100 }, (_, index) => [`d${index}`, 1])));
  simulateTwoTier(twoTierArguments({ cache_size: 1 }, { counterpart: true }), context);
  assert.deepEqual(context.said.slice(0, 3), ["running cache simulation", "10% done", "20% done"]);
});

for (const { args, says } of [
  { args: undefined, says: /cache_size is missing and builtin:two-tier wants the memory's size/ },
  { args: { cache_size: "8" }, says: /cache_size is "8"/ },
  { args: { cache_size: -1 }, says: /cache_size is -1/ },
  {
    args: { cache_size: 1, compat: "no" },
    says: /compat is "no" and builtin:two-tier wants true or false/,
  },
]) {
  test(`builtin:two-tier refuses ${JSON.stringify(args)}`, () => {
    assert.throws(() => twoTierArguments(args, { counterpart: false }), says);
  });
}

test("compat is what the name that was given says, unless it is given", () => {
  assert.equal(twoTierArguments({ cache_size: 1 }, { counterpart: true }).compat, true);
  assert.equal(twoTierArguments({ cache_size: 1 }, { counterpart: false }).compat, false);
  assert.equal(
    twoTierArguments({ cache_size: 1, compat: false }, { counterpart: true }).compat,
    false,
  );
});
