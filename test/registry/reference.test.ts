import assert from "node:assert/strict";
import { test } from "node:test";
import { isRepositoryName, isTag } from "../../src/registry/reference.ts";

const grammars = { name: isRepositoryName, tag: isTag };

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
] as const) {
  test(`reference: the grammar of a ${grammar}`, () => {
    for (const text of yes) assert.ok(grammars[grammar](text), JSON.stringify(text));
    for (const text of no) assert.ok(!grammars[grammar](text), JSON.stringify(text));
  });
}
