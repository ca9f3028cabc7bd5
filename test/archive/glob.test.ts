import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { compileGlob } from "../../src/archive/glob.ts";
import { GlobProblem } from "../../src/archive/glob-syntax.ts";

const matching: readonly (readonly [
  glob: string,
  yes: readonly string[],
  no: readonly string[],
])[] = [
  ["/a", ["/a"], ["/b", "/a/b", "/a/", "/"]],
  ["/", ["/"], ["/a", "//"]],
  ["/a/", ["/a/"], ["/a", "/a/b"]],
  ["/a/**", ["/a/b", "/a/b/c", "/a/"], ["/a", "/b/a", "/ab"]],
  ["/**", ["/a", "/a/b/c", "/"], ["/$registry/tags", "/a/$b"]],
  ["/**/x", ["/x", "/a/x", "/a/b/x"], ["/x/a", "/ax"]],
  ["/a/**/b", ["/a/b", "/a/c/b", "/a/c/d/b", "/a/b/b"], ["/a/b/c", "/b"]],
  ["/a/**/b/**", ["/a/b/c", "/a/x/b/y/z"], ["/a/b", "/a/x/b"]],
  ["/a/*/c", ["/a/b/c", "/a//c"], ["/a/c", "/a/b/b/c", "/a/$b/c"]],
  ["/a/x*", ["/a/x", "/a/xyz"], ["/a/y", "/a/x/y"]],
  ["/*a*b", ["/ab", "/xaxxb", "/aab"], ["/abc", "/ba"]],
  ["/?", ["/a", "/é", "/😀"], ["/", "/ab", "/$"]],
  ["/a/{b,c}/d", ["/a/b/d", "/a/c/d"], ["/a/d/d", "/a/bc/d"]],
  ["/{a,b}{1,2?}", ["/a1", "/b2x"], ["/a2", "/c1"]],
  ["/a{,b}", ["/a", "/ab"], ["/b"]],
  ["/[ab]", ["/a", "/b"], ["/c", "/ab", "/"]],
  ["/[!ab]", ["/c", "/😀"], ["/a", "/", "/$"]],
  ["/[b-d!]", ["/c", "/!"], ["/e"]],
  ["/[]x]", ["/]", "/x"], ["/["]],
  ["/[a-]", ["/a", "/-"], ["/b"]],
  ["/[\\]a]", ["/]", "/a"], ["/\\"]],
  ["/\\*\\?", ["/*?"], ["/ab"]],
  ["/{\\,,x}", ["/,", "/x"], ["/\\"]],
  ["/$registry/**", ["/$registry/tags/a"], ["/$registry", "/registry/tags", "/$registry/$x"]],
  ["/\\$x", ["/$x"], ["/x"]],
  ["/{$a,b}", ["/$a", "/b"], ["/$b"]],
  ["/[$]x", [], ["/$x"]],
  ["/a$", ["/a$"], []],
  ["a.>", ["/a/b", "/a/b/c"], ["/a", "/b/a"]],
  ["a.*.c", ["/a/b/c"], ["/a/c"]],
  [">", ["/a", "/a/b"], ["/$SYS/x"]],
  ["a.b", ["/a/b"], ["/a", "/a.b"]],
  ["v1%2E2.%00.x", ["/v1.2//x"], ["/v1%2E2//x"]],
];

describe("a glob", () => {
  for (const [glob, yes, no] of matching) {
    test(`${glob} matches what it says and nothing else`, () => {
      const { matches } = compileGlob(glob);
      assert.deepEqual([...yes, ...no].filter(matches), yes);
    });
  }

  const mistakes = [
    ["", 1, "glob paths must be absolute"],
    ["tmp/**", 1, "glob paths must be absolute"],
    ["foo", 1, "glob paths must be absolute"],
    ["a b.c", 1, "glob paths must be absolute"],
    ["/a/b**", 5, "** stands for whole levels"],
    ["/a/**b", 6, "** stands for whole levels"],
    ["/a/{b", 4, "{ without its }"],
    ["/a/{b/c}", 4, "{ without its }"],
    ["/a/{b,{c,d}}", 7, "alternatives inside alternatives"],
    ["/a/b}", 5, "} without its {"],
    ["/a/[b", 4, "[ without its ]"],
    ["/a/[b/]", 4, "[ without its ]"],
    ["/a/[]", 4, "[ without its ]"],
    ["/a/[z-a]", 5, "a range from back to front"],
    ["/a/\\", 4, "\\ with no character behind it"],
    ["/a\\/b", 3, "\\ with no character behind it"],
    ["/😀é/{", 5, "{ without its }"],
    [`/${"{a,b}".repeat(9)}`, 42, "more than 256 alternatives"],
    ["a..b", 3, "a subject has no empty token"],
    ["a.>.b", 3, "> stands alone and last"],
    ["a.b*", 3, "* stands alone"],
  ] as const;
  for (const [glob, column, reason] of mistakes) {
    test(`${JSON.stringify(glob)} is refused at column ${column}: ${reason}`, () => {
      assert.throws(
        () => compileGlob(glob),
        (error) =>
          error instanceof GlobProblem &&
          error.column === column &&
          error.message.startsWith(reason) &&
          error.message.includes(`column ${column} `),
      );
    });
  }

  test("finds the same as an expression made of the same pieces", () => {
    fc.assert(
      fc.property(
        fc.array(globLevel, { minLength: 1, maxLength: 5 }),
        pathArbitrary,
        (levels, path) => {
          const glob = `/${levels.map(({ glob }) => glob).join("/")}`;
          assert.equal(compileGlob(glob).matches(path), reference(levels, path), glob);
        },
      ),
      { numRuns: 3000 },
    );
  });

  test("that would make an expression try for ages is decided at once", () => {
    const glob = `/${"*a".repeat(2000)}b/${"**/a/".repeat(2000)}b`;
    assert.equal(compileGlob(glob).matches(`/${"a".repeat(4000)}/a${"/a".repeat(4000)}`), false);
  });
});

type Level = { readonly glob: string; readonly source: string | undefined };
const piece = fc.constantFrom(
  { glob: "a", source: "a" },
  { glob: "b", source: "b" },
  { glob: "$", source: "\\$" },
  { glob: "?", source: "[^]" },
  { glob: "*", source: "[^]*" },
  { glob: "{a,b*}", source: "(?:a|b[^]*)" },
  { glob: "[!a]", source: "[^a]" },
);
const globLevel: fc.Arbitrary<Level> = fc.oneof(
  { weight: 1, arbitrary: fc.constant({ glob: "**", source: undefined }) },
  {
    weight: 4,
    arbitrary: fc
      .array(piece, { maxLength: 3 })
      .filter(
        (pieces) => !pieces.some((one, at) => one.glob === "*" && pieces[at + 1]?.glob === "*"),
      )
      .map((pieces) => ({
        glob: pieces.map(({ glob }) => glob).join(""),
        source: `${pieces[0]?.glob === "$" ? "" : "(?!\\$)"}${pieces.map(({ source }) => source).join("")}`,
      })),
  },
);
const pathArbitrary = fc
  .array(
    fc.array(fc.constantFrom("a", "b", "$"), { maxLength: 3 }).map((parts) => parts.join("")),
    { minLength: 1, maxLength: 6 },
  )
  .map((levels) => `/${levels.join("/")}`);

/** The plainest thing that can be right: try every way. */
function reference(levels: readonly Level[], path: string): boolean {
  const parts = path.slice(1).split("/");
  const fits = (g: number, l: number): boolean => {
    const level = levels[g];
    if (level === undefined) return l === parts.length;
    const part = parts[l];
    if (level.source !== undefined)
      return part !== undefined && fitsPart(level.source, part) && fits(g + 1, l + 1);
    if (g < levels.length - 1 && fits(g + 1, l)) return true;
    if (part === undefined || part.startsWith("$")) return false;
    return fits(g, l + 1) || fits(g + 1, l + 1);
  };
  return fits(0, 0);
}

const fitsPart = (source: string, part: string): boolean =>
  new RegExp(`^(?:${source})$`).test(part);
