// The parts of the synthesizer that promise exact numbers.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { random } from "../../src/core/random.ts";
import { RecordShard } from "../../src/trace/record-shard.ts";
import { Allotment } from "../../src/trace/synth/allotment.ts";
import { valueAt } from "../../src/trace/synth/draw.ts";
import { Labels, latestReference } from "../../src/trace/synth/labels.ts";
import { requestsByRank } from "../../src/trace/synth/popularity.ts";
import { defaultProfile } from "../../src/trace/synth/profile.ts";
import { bytesByRank } from "../../src/trace/synth/sizes.ts";
import { Urn } from "../../src/trace/synth/urn.ts";

const sum = (values: Iterable<number>): number => [...values].reduce((a, b) => a + b, 0);

test("planned requests fall with rank and add up, for any number and either popularity", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 300_000 }),
      fc.constantFrom(defaultProfile.blobPopularity, defaultProfile.manifestPopularity),
      (requests, popularity) => {
        const counts = requestsByRank(requests, popularity);
        assert.equal(sum(counts), requests);
        assert.ok(counts.every((count, rank) => count > 0 && count <= (counts[rank - 1] ?? count)));
      },
    ),
    { numRuns: 40 },
  );
});

for (const { requests, objects, popularity } of [
  { requests: 259_274, objects: 81_335, popularity: defaultProfile.blobPopularity },
  { requests: 132_610, objects: 12_988, popularity: defaultProfile.manifestPopularity },
]) {
  test(`${requests} requests meet about the ${objects} objects of the published trace`, () => {
    const counts = requestsByRank(requests, popularity);
    assert.ok(Math.abs(counts.length - objects) / objects < 0.05, `${counts.length} objects`);
    for (const [n, share] of popularity.topShares) {
      assert.ok(Math.abs(sum(counts.subarray(0, n)) / requests - share) < 0.005, `top ${n}`);
    }
    const once = counts.filter((count) => count === 1).length / counts.length;
    assert.ok(Math.abs(once - popularity.once) < 0.01);
  });
}

test("sizes per request follow their table although few blobs have most of the requests", () => {
  const requests = requestsByRank(56_000, defaultProfile.blobPopularity);
  const sizes = bytesByRank(requests, defaultProfile.blobBytes);
  for (const [p, size] of defaultProfile.blobBytes.slice(1, -1)) {
    const below = sum(requests.filter((_, blob) => (sizes[blob] ?? 0) < size));
    assert.ok(Math.abs(below / 56_000 - p) < 0.01, `${below / 56_000} below ${size}`);
  }
});

for (const { u, value } of [
  { u: 0, value: 1 },
  { u: 0.25, value: 10 },
  { u: 0.5, value: 100 },
  { u: 0.75, value: 100 },
  { u: 1, value: 100 },
]) {
  test(`the quantile ${u} of a table is ${value}`, () => {
    const table = [
      [0, 1],
      [0.5, 100],
      [1, 100],
    ] as const;
    assert.ok(Math.abs(valueAt(table, u) - value) < 1e-9);
  });
}

test("an urn gives out every ticket exactly once", () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 40 }),
      fc.nat(),
      (counts, seed) => {
        const urn = new Urn(counts);
        const drawn = counts.map(() => 0);
        const chance = random(seed);
        while (urn.total > 0) {
          const sort = urn.draw(chance);
          drawn[sort] = (drawn[sort] ?? 0) + 1;
        }
        assert.deepEqual(drawn, counts);
      },
    ),
  );
});

test("an urn draws each sort as often as it has tickets", () => {
  const chance = random(1);
  const urn = new Urn([1, 0, 3]);
  const picked = [0, 0, 0];
  for (let n = 0; n < 4_000; n++) {
    const sort = urn.pick(chance);
    picked[sort] = (picked[sort] ?? 0) + 1;
  }
  assert.equal(picked[1], 0);
  assert.ok(Math.abs((picked[0] ?? 0) - 1_000) < 100, `${picked}`);
});

test("an allotment is used up by its last taker", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 500 }),
      fc.integer({ min: 1, max: 50 }),
      fc.constantFrom(0, 2.2),
      fc.nat(),
      (things, takers, heap, seed) => {
        const chance = random(seed);
        const allotment = new Allotment(things, takers);
        const shares = Array.from({ length: takers }, () => allotment.take(chance, heap));
        assert.equal(sum(shares), things);
        assert.ok(shares.every((share) => Number.isInteger(share) && share >= 0));
      },
    ),
  );
});

test("an allotment gives what was given back to a later taker", () => {
  const chance = random(1);
  const allotment = new Allotment(4, 2);
  const first = allotment.take(chance);
  allotment.giveBack(first);
  assert.equal(allotment.take(chance), 4);
});

test("words are distinct within a sort and among sorts, and none is the common reference", () => {
  const labels = new Labels(random(3));
  const words = Array.from({ length: 20_000 }, (_, n) => [
    labels.word("digest", n),
    labels.word("component", n),
  ]).flat();
  assert.equal(new Set([...words, latestReference]).size, 40_001);
  assert.ok(words.every((word) => /^[0-9a-f]{8}$/.test(word)));
});

test("a shard gives back every line once, whatever their lengths", () => {
  const shard = new RecordShard();
  const chance = random(1);
  const lines = Array.from(
    { length: 3_000 },
    (_, n) => `{"n":${n},"x":"${"é".repeat(chance.integer(2_000))}"}`,
  );
  for (const line of lines) shard.add(line);
  const text = Buffer.concat([...shard.shuffledArray(chance)]).toString();
  const read: { n: number; x: string }[] = JSON.parse(text);
  assert.equal(shard.records, 3_000);
  assert.notEqual(read[0]?.n, 0);
  assert.deepEqual(
    read.toSorted((a, b) => a.n - b.n).map((record) => JSON.stringify(record)),
    lines,
  );
});

test("a line that is far too long for a record is a mistake of ours", () => {
  assert.throws(() => new RecordShard().add("x".repeat(1 << 18)), /invariant broken/);
});
