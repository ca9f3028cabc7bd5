import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { compileGlob } from "../../../src/archive/glob.ts";
import { covers, natsFilters } from "../../../src/record/subjects/nats-filters.ts";
import { ownerOf, SubjectChoice } from "../../../src/record/subjects/subject-choice.ts";

const globsOf = (texts: readonly string[]) => texts.map(compileGlob);

describe("the NATS filters of globs", () => {
  const table = [
    [["/a/**"], ["a.>"]],
    [["/a/*/c"], ["a.*.c"]],
    [["/a/x*"], ["a.*"]],
    [["/a/?"], ["a.*"]],
    [["/a/[bc]"], ["a.*"]],
    [["/a/{b,c}/d"], ["a.b.d", "a.c.d"]],
    [["/a/{b,c*}/d"], ["a.*.d"]],
    [["/a/**/z"], ["a.>"]],
    [["/**"], [">"]],
    [["/v1.2/a b"], ["v1%2E2.a%20b"]],
    [["/a//b"], ["a.%00.b"]],
    [["a.>"], ["a.>"]],
    [
      ["/a/**", "/b"],
      ["a.>", "b"],
    ],
    [["/a/b", "/a/**", "/a/*"], ["a.>"]],
    [["/a/*", "/a/b", "/a/*"], ["a.*"]],
    [["/{a,b}/{c,d}"], ["a.c", "a.d", "b.c", "b.d"]],
    [[`/${"{a,b}/".repeat(9)}x`], undefined],
  ] as const;
  for (const [globs, filters] of table) {
    test(`${globs.join(" ").slice(0, 60)} → ${filters?.join(" ") ?? "at most 256, the rest widened"}`, () => {
      const found = natsFilters(globsOf(globs));
      if (filters === undefined) {
        assert.equal(found.length, 256);
        assert.ok(found.every((filter) => filter.endsWith(".*.x")));
      } else assert.deepEqual(found, filters);
    });
  }

  const coverings = [
    ["a.>", "a.b", true],
    ["a.>", "a", false],
    ["a.>", "a.>", true],
    ["a.>", "a.*.c", true],
    ["a.*", "a.>", false],
    ["a.*", "a.b", true],
    ["a.b", "a.*", false],
    [">", "a.>", true],
    ["a.*.c", "a.b.*", false],
    ["a.*", "a.b.c", false],
  ] as const;
  for (const [wide, narrow, expected] of coverings) {
    test(`${wide} ${expected ? "covers" : "does not cover"} ${narrow}`, () => {
      assert.equal(covers(wide, narrow), expected);
    });
  }
});

describe("the choice of subjects", () => {
  test("takes a message once, on the first filter that it matches", () => {
    const choice = new SubjectChoice({ globs: globsOf(["/a/*/c", "/a/b/*"]) });
    assert.deepEqual(choice.filters, ["a.*.c", "a.b.*"]);
    assert.equal(choice.pathOf("a.b.c", 0), "/a/b/c");
    assert.equal(choice.pathOf("a.b.c", 1), undefined);
    assert.equal(choice.pathOf("a.b.d", 1), "/a/b/d");
  });

  test("asks the globs again where a filter was widened", () => {
    const choice = new SubjectChoice({ globs: globsOf(["/a/x*", "/b/**"]) });
    assert.equal(choice.pathOf("a.xy", 0), "/a/xy");
    assert.equal(choice.pathOf("a.y", 0), undefined);
    assert.equal(choice.pathOf("b.$x", 1), undefined);
  });

  test("leaves out what sessions play", () => {
    const choice = new SubjectChoice({ globs: globsOf(["/**"]), except: "/archive" });
    assert.equal(choice.pathOf("archive.1.data.a", 0), undefined);
    assert.equal(choice.pathOf("archives.a", 0), "/archives/a");
  });

  test("leaves each path to exactly one of three shards", () => {
    const shards = [0, 1, 2].map(
      (index) => new SubjectChoice({ globs: globsOf(["/**"]), shard: { index, count: 3 } }),
    );
    for (let n = 0; n < 100; n++) {
      const owners = shards.filter((shard) => shard.pathOf(`p.${n}`, 0) !== undefined);
      assert.equal(owners.length, 1);
    }
    assert.equal(ownerOf("/a/b", 3), 0);
  });
});
