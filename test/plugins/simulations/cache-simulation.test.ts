import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { cacheArguments } from "../../../src/plugins/simulations/cache/cache-arguments.ts";
import { simulateCache } from "../../../src/plugins/simulations/cache/cache-simulation.ts";
import { type Asked, blobs, columnsOf } from "./traces.ts";

function run(list: readonly Asked[], given: Readonly<Record<string, unknown>>) {
  const args = cacheArguments(given);
  return simulateCache(args, columnsOf(list, args));
}

const hitsOf = (list: readonly Asked[], args: Readonly<Record<string, unknown>>) =>
  run(list, args).rows.map(({ policy, hits }) => [policy, hits]);

/** What the policies are, as plainly as can be: a list from the oldest to the newest. */
function bruteForce(
  list: readonly (readonly [string, number])[],
  { capacity, refreshes }: { capacity: number; refreshes: boolean },
): { hits: number; hitBytes: number; evictions: number } {
  let cache: (readonly [string, number])[] = [];
  const counted = { hits: 0, hitBytes: 0, evictions: 0 };
  for (const item of list) {
    const [digest, size] = item;
    const kept = cache.find(([other]) => other === digest);
    if (kept !== undefined) {
      counted.hits++;
      counted.hitBytes += size;
      if (refreshes) cache = [...cache.filter((other) => other !== kept), kept];
    } else if (size <= capacity) {
      while (cache.reduce((sum, [, bytes]) => sum + bytes, 0) + size > capacity) {
        cache.shift();
        counted.evictions++;
      }
      cache.push(item);
    }
  }
  return counted;
}

/** Few objects, so that many requests hit; sizes mostly belong to objects. */
const requests = fc
  .tuple(
    fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 12, maxLength: 12 }),
    fc.array(fc.tuple(fc.nat(11), fc.option(fc.integer({ min: 1, max: 300 }), { freq: 20 })), {
      minLength: 1,
      maxLength: 80,
    }),
  )
  .map(([sizes, order]) =>
    order.map(([object, other]) => [`d${object}`, other ?? sizes[object] ?? 1] as const),
  );
const capacity = fc.integer({ min: 2, max: 200 });

for (const { policy, refreshes } of [
  { policy: "lru", refreshes: true },
  { policy: "fifo", refreshes: false },
]) {
  test(`${policy} agrees with brute force on random traces`, () => {
    fc.assert(
      fc.property(requests, capacity, (list, size) => {
        const result = run(blobs(list), { policies: [policy], sizes: [size] });
        const [row] = result.rows;
        const expected = bruteForce(list, { capacity: size, refreshes });
        const bytes = list.reduce((sum, [, each]) => sum + each, 0);
        assert.equal(row?.hits, expected.hits);
        assert.equal(row?.evictions, expected.evictions);
        assert.ok(Math.abs((row?.byteHitRatio ?? 0) * bytes - expected.hitBytes) < 1e-6);
      }),
    );
  });
}

/** What LFU is, as plainly as can be: of the least used the one whose last use is longest ago. */
function plainLfu(list: readonly (readonly [string, number])[], capacity: number) {
  const cache = new Map<string, { size: number; uses: number; last: number }>();
  const counted = { hits: 0, evictions: 0 };
  for (const [place, [digest, size]] of list.entries()) {
    const kept = cache.get(digest);
    if (kept !== undefined) {
      counted.hits++;
      kept.uses++;
      kept.last = place;
      continue;
    }
    if (size > capacity) continue;
    while ([...cache.values()].reduce((sum, each) => sum + each.size, 0) + size > capacity) {
      const [[victim]] = [...cache].sort(([, a], [, b]) => a.uses - b.uses || a.last - b.last) as [
        [string, unknown],
      ];
      cache.delete(victim);
      counted.evictions++;
    }
    cache.set(digest, { size, uses: 1, last: place });
  }
  return counted;
}

test("lfu agrees with brute force on random traces", () => {
  fc.assert(
    fc.property(requests, capacity, (list, size) => {
      const [row] = run(blobs(list), { policies: ["lfu"], sizes: [size] }).rows;
      assert.deepEqual({ hits: row?.hits, evictions: row?.evictions }, plainLfu(list, size));
    }),
  );
});

test("lfu keeps more different numbers of uses apart than its tables begin with", () => {
  const list = Array.from({ length: 100 }, (_, object) =>
    Array.from({ length: object + 1 }, () => [`d${object}`, 1] as const),
  ).flat();
  const again = [...list, ...list.filter((_, at) => at % 7 === 0).reverse()];
  const [row] = run(blobs(again), { policies: ["lfu"], sizes: [90] }).rows;
  assert.deepEqual({ hits: row?.hits, evictions: row?.evictions }, plainLfu(again, 90));
});

test("belady is never beaten when all sizes are equal", () => {
  fc.assert(
    fc.property(
      fc.array(fc.nat(15), { minLength: 1, maxLength: 120 }),
      fc.integer({ min: 2, max: 12 }),
      (order, size) => {
        const list = order.map((object) => [`d${object}`, 7] as const);
        const result = run(blobs(list), { sizes: [7 * size] });
        const belady = result.rows.find(({ policy }) => policy === "belady")?.hits ?? -1;
        for (const { policy, hits } of result.rows)
          assert.ok(hits <= belady, `${policy} has ${hits} hits, belady ${belady}`);
        assert.equal(result.beladyIsBound, true);
      },
    ),
  );
});

test("no policy admits more than its size, and every miss of what fits is admitted or bypassed", () => {
  fc.assert(
    fc.property(requests, capacity, (list, size) => {
      for (const row of run(blobs(list), { sizes: [size] }).rows) {
        const misses = row.requests - row.hits - row.tooLarge;
        assert.ok(row.evictions <= misses, `${row.policy}: ${row.evictions} of ${misses}`);
      }
    }),
  );
});

test("a pass over the trace and a pass over what was kept of it give the same", () => {
  fc.assert(
    fc.property(requests, capacity, (list, size) => {
      const policies = ["lru", "lfu", "fifo", "arc", "s3fifo", "sieve"];
      const asRead = run(blobs(list), { policies, sizes: [size] });
      const whole = run(blobs(list), { policies: [...policies, "belady"], sizes: [size] });
      assert.deepEqual(
        whole.rows.filter(({ policy }) => policy !== "belady"),
        asRead.rows,
      );
    }),
  );
});

const unit = (digests: string): Asked[] => blobs([...digests].map((digest) => [digest, 10]));

for (const { policy, digests, size, hits, says } of [
  {
    policy: "lru",
    digests: "abcabc",
    size: 20,
    hits: 0,
    says: "a loop larger than the cache never hits",
  },
  {
    policy: "fifo",
    digests: "abaca",
    size: 20,
    hits: 1,
    says: "what came first goes although it was just used",
  },
  { policy: "lru", digests: "abaca", size: 20, hits: 2, says: "what was just used stays" },
  { policy: "lfu", digests: "aabcba", size: 20, hits: 2, says: "what was used twice stays" },
  { policy: "lfu", digests: "abca", size: 20, hits: 0, says: "of equals the least recent goes" },
  {
    policy: "sieve",
    digests: "abaca",
    size: 20,
    hits: 2,
    says: "the hand spares what was visited",
  },
  {
    policy: "sieve",
    digests: "aabbcdab",
    size: 30,
    hits: 4,
    says: "newcomers go before what was visited",
  },
  {
    policy: "s3fifo",
    digests: "aaabcdefghijka",
    size: 100,
    hits: 3,
    says: "what was used twice while it was new moves to the main queue",
  },
  {
    policy: "arc",
    digests: "aabcda",
    size: 20,
    hits: 2,
    says: "a scan does not throw out what was used twice",
  },
  {
    policy: "belady",
    digests: "abcabc",
    size: 20,
    hits: 2,
    says: "the farthest next use is not let in",
  },
]) {
  test(`${policy}: ${says}`, () => {
    assert.deepEqual(hitsOf(unit(digests), { policies: [policy], sizes: [size] }), [
      [policy, hits],
    ]);
  });
}

test("objects larger than the cache are never admitted, and counted", () => {
  const [row] = run(
    blobs([
      ["a", 50],
      ["a", 50],
      ["b", 5],
      ["b", 5],
    ]),
    { policies: ["lru"], sizes: [20] },
  ).rows;
  assert.deepEqual([row?.tooLarge, row?.hits, row?.evictions], [2, 1, 0]);
});

test("the warm share of requests fills the cache and is not counted", () => {
  const [row] = run(unit("abab"), { policies: ["lru"], sizes: [20], warm: 0.5 }).rows;
  assert.deepEqual([row?.requests, row?.hits, row?.hitRatio], [2, 2, 1]);
});

test("kinds, methods and key decide what is simulated and what is the same", () => {
  const list: Asked[] = [
    { uri: "v2/a/b/blobs/x", size: 10, client: "c1" },
    { uri: "v2/c/d/blobs/x", size: 10, client: "c2" },
    { uri: "v2/a/b/manifests/m", size: 10, client: "c1" },
    { uri: "v2/a/b/blobs/uploads/u", size: 10, method: "PUT", client: "c1" },
    { uri: "v2/a/b/blobs/x", size: 12, client: "c1" },
  ];
  const of = (args: Readonly<Record<string, unknown>>) => {
    const {
      requests: count,
      leftOut,
      objects,
      sizeChanges,
      rows,
    } = run(list, { policies: "lru", sizes: [100], ...args });
    return [count, leftOut, objects, sizeChanges, rows[0]?.hits];
  };
  assert.deepEqual(of({}), [3, 2, 1, 1, 2]);
  assert.deepEqual(of({ key: "uri" }), [3, 2, 2, 1, 1]);
  assert.deepEqual(of({ key: "client+digest" }), [3, 2, 2, 1, 1]);
  assert.deepEqual(of({ kinds: ["blob", "manifest"] }), [4, 1, 2, 1, 2]);
  assert.deepEqual(of({ methods: ["GET", "PUT"] }), [4, 1, 2, 1, 2]);
});

test("objects without a size count as one byte, and a known size stands for a missing one", () => {
  const result = run(
    blobs([
      ["a", -1],
      ["b", 5],
      ["b", -1],
      ["c", -1],
      ["a", -1],
    ]),
    {
      policies: "lru",
      sizes: [7],
    },
  );
  assert.deepEqual(
    [result.withoutSize, result.sizeChanges, result.distinctBytes, result.rows[0]?.hits],
    [4, 0, 7, 2],
  );
});

test("sizes are bytes, texts, or shares of the distinct bytes", () => {
  const { rows } = run(unit("ab"), { policies: "lru", sizes: ["1KiB", 0.5, 4096, "2 MB", "0.25"] });
  assert.deepEqual(
    rows.map(({ size, share }) => [size, share]),
    [
      [1024, null],
      [10, 0.5],
      [4096, null],
      [2_000_000, null],
      [5, 0.25],
    ],
  );
});

for (const { args, says } of [
  {
    args: { sizes: ["many"] },
    says: /simulate\.args\.sizes is \["many"\] and builtin:cache wants a list/,
  },
  { args: { sizes: [0] }, says: /sizes is \[0\]/ },
  { args: { policies: ["lru", "mru"] }, says: /policies is .* wants a list of lru, lfu/ },
  { args: { warm: 1 }, says: /warm is 1 and builtin:cache wants a share/ },
  { args: { key: "name" }, says: /key is "name"/ },
  { args: { kinds: [] }, says: /kinds is \[\]/ },
  {
    args: { size: 3 },
    says: /simulate\.args\.size means nothing to builtin:cache; it knows policies, sizes/,
  },
]) {
  test(`builtin:cache refuses ${JSON.stringify(args)}`, () => {
    assert.throws(() => cacheArguments(args), says);
  });
}
