import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import {
  ContentSource,
  type ContentSpec,
  contentDigest,
  contentSeed,
} from "../../src/registry/content.ts";

const MIB = 1 << 20;
const layer = "v2/64431afe/eec8974d/blobs/793c8a2b";
const small = "v2/64431afe/eec8974d/blobs/36793feb";

function bodyOf(spec: ContentSpec, nextChunkBytes: () => number): Buffer {
  const source = new ContentSource(spec);
  const parts: Buffer[] = [];
  for (;;) {
    const chunk = Buffer.alloc(nextChunkBytes(), 0xee);
    const bytes = source.read(chunk);
    assert.ok(bytes.length <= chunk.length);
    if (bytes.length === 0) return Buffer.concat(parts);
    parts.push(Buffer.from(bytes));
    source.free();
  }
}

for (const { key, size, random, sha256 } of [
  {
    key: layer,
    size: 72626,
    random: true,
    sha256: "b7f5213d2854b07058e6b89f453fe9362bfc70ce1202dc747795dc3e7c503367",
  },
  {
    key: layer,
    size: 72626,
    random: false,
    sha256: "619ba5972d859f1d7f65741c54625992f82711a2a22600e405d3c622e2f19163",
  },
  {
    key: small,
    size: 162,
    random: true,
    sha256: "4ba97e4fc2a06edd68eef39ba895f67539679a9e964e2c9d3d814323f0f28629",
  },
  {
    key: small,
    size: 162,
    random: false,
    sha256: "33217c44949ee987ce89331ce16d884d914238b1ac3f49d9dd54950f60afc277",
  },
  {
    key: small,
    size: 5,
    random: true,
    sha256: "9d634895e8090c8804fbebc76eb7f0e0494a14f6cf5b8d7b3d90876b185062d0",
  },
]) {
  const words = `${size} bytes of ${random ? "random" : "plain"} content have their published digest`;
  test(`content: ${words}`, () => {
    const spec = { seed: 0, key, size, random };
    assert.equal(contentDigest(spec).toString("hex"), sha256);
    const body = bodyOf(spec, () => 1000);
    assert.equal(body.length, size);
    assert.equal(createHash("sha256").update(body).digest("hex"), sha256);
  });
}

const specs = fc.record({
  seed: fc.oneof(fc.integer(), fc.string()),
  key: fc.string({ unit: "grapheme" }),
  size: fc.integer({ min: 0, max: 300_000 }),
  random: fc.boolean(),
});

test("content: the sizes of the chunks do not change the bytes", () => {
  fc.assert(
    fc.property(
      specs,
      fc.array(fc.integer({ min: 1, max: 100_000 }), { minLength: 1, maxLength: 5 }),
      (spec, chunkSizes) => {
        let turn = 0;
        // Tiny chunks alone would take for ever; every second one is large.
        const pieces = bodyOf(spec, () =>
          turn++ % 2 === 0 ? (chunkSizes[turn % chunkSizes.length] ?? 1) : 65_537,
        );
        const whole = bodyOf(spec, () => 400_000);
        assert.ok(pieces.equals(whole));
        assert.equal(whole.length, spec.size);
        const digest = createHash("sha256").update(whole).digest();
        assert.ok(contentDigest(spec).equals(digest));
      },
    ),
    { numRuns: 60 },
  );
});

test("content: plain content is its seed followed by zeros only", () => {
  fc.assert(
    fc.property(specs, (spec) => {
      const body = bodyOf({ ...spec, random: false }, () => 4096);
      const seed = contentSeed(spec);
      const head = Math.min(32, spec.size);
      assert.ok(body.subarray(0, head).equals(seed.subarray(0, head)));
      assert.ok(body.subarray(head).every((byte) => byte === 0));
    }),
    { numRuns: 30 },
  );
});

test("content: a source that has ended stays at its end", () => {
  const source = new ContentSource({ seed: 0, key: "k", size: 10, random: true });
  assert.equal(source.read(Buffer.alloc(64)).length, 10);
  assert.equal(source.read(Buffer.alloc(64)).length, 0);
  assert.equal(source.read(Buffer.alloc(64)).length, 0);
});

test("content: a body of several slices has the digest of its bytes", () => {
  for (const size of [MIB - 1, MIB, MIB + 1, 3 * MIB + 7]) {
    const spec = { seed: "s", key: "k", size, random: true };
    const body = bodyOf(spec, () => 100_000);
    assert.ok(
      createHash("sha256").update(body).digest().equals(contentDigest(spec)),
      `${size} bytes`,
    );
  }
});

test("content: seed, key and size each change every body of 4 bytes or more", () => {
  const base = { seed: 0, key: "k", size: 64, random: false };
  const digests = [
    base,
    { ...base, seed: 1 },
    { ...base, key: "l" },
    { ...base, random: true },
    { ...base, size: 65 },
  ].map((spec) => contentDigest(spec).toString("hex"));
  assert.equal(new Set(digests).size, digests.length);
  assert.ok(contentDigest(base).equals(contentDigest({ ...base, seed: "0" })));
});
