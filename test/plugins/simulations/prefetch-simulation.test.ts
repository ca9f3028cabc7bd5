import assert from "node:assert/strict";
import { test } from "node:test";
import {
  prefetchArguments,
  prefetchLines,
  simulatePrefetch,
} from "../../../src/plugins/simulations/prefetch/prefetch-simulation.ts";
import { type Asked, contextOf } from "./traces.ts";

const push = (at: number, size = 5000): Asked => ({
  uri: "v2/a/b/blobs/uploads/u",
  size,
  method: "PUT",
  at,
  client: "c1",
});
const manifest = (at: number, client: string): Asked => ({
  uri: "v2/a/b/manifests/m",
  size: 1,
  at,
  client,
});
const layer = (at: number, size = 5000): Asked => ({
  uri: "v2/a/b/blobs/d",
  size,
  at,
  client: "c2",
});

const run = (list: readonly Asked[], compat: boolean) =>
  simulatePrefetch(
    prefetchArguments({ outfile: "o", compat }, { counterpart: false }),
    contextOf(list),
  );

test("sixteen equal lines in compatible mode, whatever the times", () => {
  const result = run([push(0), manifest(1e6, "c2"), layer(2e6)], true);
  assert.deepEqual(prefetchLines(result), Array(16).fill("1,5000"));
});

test("with time-outs an old push is not prefetched, and what was prefetched is forgotten", () => {
  const result = run([push(0), manifest(3000, "c2"), layer(10_000)], false);
  const figures = (repository: number, manifestTimeout: number) => {
    const row = result.rows.find(
      (each) => each.repositoryTimeout === repository && each.manifestTimeout === manifestTimeout,
    );
    return [row?.hits, row?.good, row?.bad, row?.misses, row?.maxBytes];
  };
  assert.deepEqual(figures(600, 86_400), [0, 0, 0, 1, 0]);
  assert.deepEqual(figures(3600, 600), [0, 0, 1, 1, 5000]);
  assert.deepEqual(figures(3600, 43_200), [1, 1, 0, 0, 5000]);
});

for (const { says, list, line } of [
  { says: "nothing prefetched is 0,0", list: [layer(1)], line: "0,0" },
  {
    says: "the client that pushed needs no prefetch",
    list: [push(0), manifest(1, "c1"), layer(2)],
    line: "0,0",
  },
  {
    says: "two pushes of one size are one entry",
    list: [push(0), push(1), manifest(2, "c2"), layer(3)],
    line: "1,5000",
  },
  {
    says: "a size apart by less than 1000 is a hit",
    list: [push(0), manifest(1, "c2"), layer(2, 5999)],
    line: "1,5000",
  },
  {
    says: "a size apart by 1000 is none",
    list: [push(0), manifest(1, "c2"), layer(2, 6000)],
    line: "0,5000",
  },
  {
    says: "the ratio may exceed 1",
    list: [push(0), manifest(1, "c2"), layer(2), layer(3)],
    line: "2,5000",
  },
]) {
  test(says, () => assert.equal(prefetchLines(run(list, true))[0], line));
}

test("the outfile is required", () => {
  assert.throws(
    () => prefetchArguments({}, { counterpart: true }),
    /simulate\.args\.outfile is missing/,
  );
});
