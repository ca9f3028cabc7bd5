import assert from "node:assert/strict";
import { test } from "node:test";
import { re2Pattern } from "../../src/core/re2-pattern.ts";
import { readImageList } from "../../src/pull/image-list.ts";
import { disjointLists, sharedLists, union } from "../../src/pull/pull-lists.ts";
import { type SelectionInput, selectImages } from "../../src/pull/selection.ts";

const images = ["ab-0001", "cd-0001", "ab-0002"].map((repository) => ({
  repository,
  reference: "v9.1",
}));
const digest = `sha256:${"0".repeat(64)}`;

function select(patterns: readonly string[], more: Partial<SelectionInput> = {}) {
  return selectImages({
    images,
    filter: undefined,
    patterns: patterns.map((text) => re2Pattern(text, "--patterns")),
    matchOn: "ref",
    pullthroughHost: "ubuntu.me:8080",
    namespace: "ubuntu.me:5000",
    form: "path",
    now: () => 0,
    limitMs: 10_000,
    ...more,
  });
}

for (const { patterns, matches } of [
  { patterns: ["-0001", "-0002"], matches: [[0, 1], [2]] },
  {
    patterns: ["*", "*"],
    matches: [
      [0, 1, 2],
      [0, 1, 2],
    ],
  },
  { patterns: ["(?i)AB"], matches: [[0, 2]] },
  { patterns: ["\\Q-0001:v9.1\\E"], matches: [[0, 1]] },
  { patterns: [":v[0-9]{1,3}\\.1$"], matches: [[0, 1, 2]] },
]) {
  test(`the patterns ${patterns.join(" ")} select ${JSON.stringify(matches)}`, () => {
    assert.deepEqual(select(patterns).matches, matches);
  });
}

test("a filter is matched on repository and tag, and its end is the end", () => {
  const filter = re2Pattern("-0001:v9\\.1$", "--filter");
  assert.deepEqual(
    select(["*"], { filter }).images.map(({ repository }) => repository),
    ["ab-0001", "cd-0001"],
  );
});

for (const { name, patterns, more, says } of [
  {
    name: "a pattern without a match",
    patterns: ["-0001", "-9"],
    more: {},
    says: /^pattern "-9" matches none of 3 images, such as ubuntu.me:8080\/ubuntu.me:5000\/ab-0001:v9.1$/,
  },
  {
    name: "a filter that leaves nothing",
    patterns: ["*"],
    more: { filter: re2Pattern("zz", "--filter") },
    says: /--filter "zz" matches none of 3 images/,
  },
  { name: "an empty list", patterns: ["*"], more: { images: [] }, says: /no image/ },
]) {
  test(`${name} is refused`, () => assert.throws(() => select(patterns, more), { message: says }));
}

test("matching that takes too long names the expression at work", () => {
  let now = 0;
  const slow = () => {
    now += 11_000;
    return now;
  };
  assert.throws(() => select(["-0001"], { now: slow }), /takes longer than 10 s at "-0001"/);
});

test("an expression that would not end with a single text is ended as well", () => {
  const many = [{ repository: "x".repeat(60), reference: "v1" }];
  assert.throws(
    () => select(["(x+x+)+y"], { images: many, limitMs: 20 }),
    /takes longer than 0\.02 s at "\(x\+x\+\)\+y"/,
  );
});

for (const { name, patterns, more, says } of [
  {
    name: "a pattern that matches the host",
    patterns: ["ubuntu"],
    more: {},
    says: /selects every image/,
  },
  {
    name: "a namespace without a dot",
    patterns: ["-0001"],
    more: { namespace: "localhost:5000" },
    says: /has no dot/,
  },
  {
    name: "a deep repository",
    patterns: ["*"],
    more: { images: [{ repository: "a/b/c/d", reference: "v1" }] },
    says: /more than 3 segments/,
  },
]) {
  test(`${name} is warned of`, () => {
    const { warnings } = select(patterns, more);
    assert.ok(
      warnings.some((warning) => says.test(warning)),
      warnings.join(),
    );
  });
}

test("pullers beyond the patterns share lists; in single passes every image has one puller", () => {
  const matches = [
    [0, 1, 2, 3],
    [2, 3, 4],
  ];
  assert.deepEqual(sharedLists({ matches }, 3), [matches[0], matches[1], matches[0]]);
  assert.deepEqual(disjointLists({ matches }, 3), [[0, 2], [4], [1, 3]]);
  assert.deepEqual(union({ matches }), [0, 1, 2, 3, 4]);
});

test("a list of images has tags and digests, and names the line of a mistake", () => {
  const text = `# images\nab/cd:v1\n\nab/cd@${digest}\n`;
  assert.deepEqual(readImageList(text, "list"), [
    { repository: "ab/cd", reference: "v1" },
    { repository: "ab/cd", reference: digest },
  ]);
  assert.throws(
    () => readImageList("ab/cd\n", "list"),
    /^UsageError: list:1: write REPOSITORY:TAG/,
  );
  assert.throws(() => readImageList("\n", "list"), /names no image/);
  for (const name of ["a?b", "../a", "a//b", "a%2f"])
    assert.throws(() => readImageList(`${name}:v1\n`, "list"), /^UsageError: list:1: write/, name);
});
