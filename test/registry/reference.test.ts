import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  isDigest,
  isRepositoryName,
  isTag,
  parseDigest,
  splitRegistryPath,
} from "../../src/registry/reference.ts";

const hex = "0123456789abcdef".repeat(4);
const grammars = { name: isRepositoryName, tag: isTag, digest: isDigest };

for (const { grammar, yes, no } of [
  {
    grammar: "name",
    yes: ["a", "a/b", "lib/app", "a.b", "a__b", "a---b", "64431afe/eec8974d", "x".repeat(255)],
    no: ["", "A", "/a", "a/", "a//b", "a..b", "a___b", "-a", "a.", "é", "a b", "x".repeat(256)],
  },
  {
    grammar: "tag",
    yes: ["v1", "_", "A.b-C_9", "x".repeat(128)],
    no: ["", ".a", "-a", "a/b", "a:b", "x".repeat(129), "a\n"],
  },
  {
    grammar: "digest",
    yes: [`sha256:${hex}`, `sha512:${hex}${hex}`],
    no: [
      "",
      hex,
      `sha256:${hex}0`,
      `sha256:${hex.toUpperCase()}`,
      `sha512:${hex}`,
      `md5:${hex}`,
      `sha256:${hex}\n`,
    ],
  },
] as const) {
  test(`reference: the grammar of a ${grammar}`, () => {
    for (const text of yes) assert.ok(grammars[grammar](text), JSON.stringify(text));
    for (const text of no) assert.ok(!grammars[grammar](text), JSON.stringify(text));
  });
}

test("reference: a digest has its algorithm and bytes", () => {
  assert.deepEqual(parseDigest(`sha256:${hex}`), {
    algorithm: "sha256",
    bytes: Buffer.from(hex, "hex"),
  });
  assert.equal(parseDigest(`sha512:${hex}${hex}`)?.bytes.length, 64);
  assert.equal(parseDigest("sha256:bad"), undefined);
});

for (const { path, parts } of [
  { path: "/v2/", parts: { kind: "ping" } },
  { path: "/v2", parts: { kind: "ping" } },
  { path: "/v2/_catalog", parts: { kind: "catalog" } },
  { path: "/v2/a/b/tags/list", parts: { kind: "tags", name: "a/b" } },
  { path: "/v2/a/manifests/v1", parts: { kind: "manifest", name: "a", reference: "v1" } },
  {
    path: `/v2/a/blobs/sha256:${hex}`,
    parts: { kind: "blob", name: "a", reference: `sha256:${hex}` },
  },
  { path: "/v2/a/referrers/x", parts: { kind: "referrers", name: "a", reference: "x" } },
  { path: "/v2/a/blobs/uploads/", parts: { kind: "upload", name: "a", session: "" } },
  { path: "/v2/a/blobs/uploads", parts: { kind: "upload", name: "a", session: "" } },
  { path: "/v2/a/blobs/uploads/7-8", parts: { kind: "upload", name: "a", session: "7-8" } },
  {
    path: "/v2/manifests/blobs/manifests/v1",
    parts: { kind: "manifest", name: "manifests/blobs", reference: "v1" },
  },
  {
    path: "/v2/a/manifests/b/blobs/x",
    parts: { kind: "blob", name: "a/manifests/b", reference: "x" },
  },
  { path: "/v2/a/tags/list/tags/list", parts: { kind: "tags", name: "a/tags/list" } },
  {
    path: "/v2/a/tags/list/manifests/v1",
    parts: { kind: "manifest", name: "a/tags/list", reference: "v1" },
  },
  { path: "/v2/a/manifests/", parts: undefined },
  { path: "/v2/manifests/v1", parts: undefined },
  { path: "/v2/a", parts: undefined },
  { path: "/v1/a/manifests/v1", parts: undefined },
  { path: "", parts: undefined },
]) {
  test(`reference: the path "${path}"`, () => assert.deepEqual(splitRegistryPath(path), parts));
}

test("reference: any name and tag come back out of their path", () => {
  const word = fc.constantFrom(
    "a",
    "b0",
    "blobs",
    "manifests",
    "tags",
    "list",
    "uploads",
    "referrers",
  );
  const names = fc.array(word, { minLength: 1, maxLength: 5 }).map((words) => words.join("/"));
  fc.assert(
    fc.property(names, word, (name, reference) => {
      assert.ok(isRepositoryName(name) && isTag(reference));
      const path = `/v2/${name}/manifests/${reference}`;
      assert.deepEqual(splitRegistryPath(path), { kind: "manifest", name, reference });
    }),
  );
});
