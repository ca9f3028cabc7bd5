import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { UsageError } from "../../src/core/errors.ts";
import { re2Pattern } from "../../src/core/re2-pattern.ts";

type Case = {
  readonly name: string;
  readonly pattern: string;
  readonly finds?: readonly string[];
  readonly misses?: readonly string[];
};

const meanings: readonly Case[] = [
  { name: "a lone star is everything", pattern: "*", finds: ["", "a/b:v1"] },
  { name: "a search is unanchored", pattern: "-0001", finds: ["h:1/ab-0001:v1"], misses: ["-000"] },
  { name: "leading (?i)", pattern: "(?i)abc", finds: ["xAbCx"], misses: ["ab"] },
  { name: "leading (?s)", pattern: "(?s)a.b", finds: ["a\nb"] },
  {
    name: "a dot without (?s) stops at \\n",
    pattern: "a.b",
    finds: ["a\rb", "a\u2028b"],
    misses: ["a\nb"],
  },
  { name: "leading (?m)", pattern: "(?m)^b$", finds: ["a\nb\nc"], misses: ["a\rb\rc"] },
  { name: "^ and $ without (?m)", pattern: "^b$", finds: ["b"], misses: ["a\nb", "b\n"] },
  { name: "leading flags combined", pattern: "(?ims)^B.c$", finds: ["a\nb\nC\nd"] },
  { name: "leading flags one after another", pattern: "(?i)(?s)a.b", finds: ["A\nB"] },
  { name: "(?i:…)", pattern: "a(?i:b)c", finds: ["aBc"], misses: ["ABc"] },
  { name: "(?-i:…)", pattern: "(?i)a(?-i:b)c", finds: ["AbC"], misses: ["ABC"] },
  { name: "(?s:…) within", pattern: "a(?s:.)b.", finds: ["a\nbx"], misses: ["a\nb\n"] },
  {
    name: "flags in the middle hold to the group's end",
    pattern: "a(?i)b|c",
    finds: ["aB", "C"],
    misses: ["AB"],
  },
  {
    name: "flags in the middle end with their group",
    pattern: "(a(?i)b)c",
    finds: ["aBc"],
    misses: ["aBC"],
  },
  {
    name: "flags on and off in one group",
    pattern: "a(?i)b(?-i)c|d",
    finds: ["aBc", "d"],
    misses: ["aBC", "D"],
  },
  { name: "(?P<n>…)", pattern: "(?P<tag>v[0-9]+)$", finds: ["a:v12"], misses: ["a:v"] },
  { name: "(?<n>…)", pattern: "(?<tag>v)1", finds: ["v1"] },
  { name: "a name that begins with a digit", pattern: "(?P<1a>v)1", finds: ["v1"] },
  { name: "\\A", pattern: "(?m)\\Ab", finds: ["b"], misses: ["a\nb"] },
  { name: "\\z", pattern: "(?m)b\\z", finds: ["a\nb"], misses: ["b\na"] },
  { name: "POSIX class", pattern: "^[[:alpha:]]+$", finds: ["abC"], misses: ["ab1", ":"] },
  { name: "POSIX class, negated", pattern: "^[[:^digit:]]+$", finds: ["ab:é"], misses: ["a1"] },
  { name: "POSIX class among others", pattern: "^[x[:digit:]_]+$", finds: ["1x_"], misses: ["y"] },
  {
    name: "a POSIX name in one pair of brackets is letters",
    pattern: "^[:alpha:]+$",
    finds: ["ph:"],
    misses: ["z"],
  },
  {
    name: "\\s has no vertical tab and no wide spaces",
    pattern: "^\\s$",
    finds: ["\t", " "],
    misses: ["\v", "\u00a0"],
  },
  { name: "\\S in a class", pattern: "^[\\S]+$", finds: ["a\u00a0\v"], misses: ["a b"] },
  {
    name: "\\w, \\d and their opposites",
    pattern: "^\\w\\d\\W\\D$",
    finds: ["a1-x"],
    misses: ["é1-x"],
  },
  { name: "\\pL", pattern: "^\\pL+$", finds: ["aéλ"], misses: ["a1"] },
  { name: "\\PL", pattern: "^\\PL+$", finds: ["1-"], misses: ["a"] },
  { name: "\\p{Greek}", pattern: "^\\p{Greek}+$", finds: ["λ"], misses: ["a"] },
  { name: "\\p{^Greek}", pattern: "^\\p{^Greek}+$", finds: ["a"], misses: ["λ"] },
  { name: "\\P{^Lu}", pattern: "^\\P{^Lu}$", finds: ["A"], misses: ["a"] },
  { name: "\\Q…\\E", pattern: "^\\Qa.b*\\E+$", finds: ["a.b**"], misses: ["axb"] },
  { name: "\\Q without \\E", pattern: "\\Qa.(", finds: ["a.("], misses: ["ab("] },
  { name: "\\x{41} and \\x41", pattern: "^\\x{41}\\x42\\x{1F600}$", finds: ["AB😀"] },
  { name: "octal", pattern: "^\\101\\0$", finds: ["A\0"] },
  { name: "] as first member", pattern: "^[]a]+$", finds: ["a]"], misses: ["b"] },
  { name: "] as first member, negated", pattern: "^[^]a]+$", finds: ["b"], misses: ["]"] },
  { name: "escaped characters that need none", pattern: "^\\-\\:\\_\\/\\@$", finds: ["-:_/@"] },
  { name: "a hyphen beside a set", pattern: "^[\\w-.]+$", finds: ["a-."], misses: ["a:"] },
  { name: "a hyphen at the end", pattern: "^[a-c-]+$", finds: ["a-c"], misses: ["d"] },
  { name: "members that JavaScript wants escaped", pattern: "^[[(){}/|-]+$", finds: ["[(){}/|-"] },
  { name: "lone braces and brackets", pattern: "^a{b}]$", finds: ["a{b}]"] },
  { name: "counted repetition", pattern: "^v[0-9]{1,3}$", finds: ["v12"], misses: ["v1234"] },
  { name: "lazy repetition", pattern: "^a+?b{2,}?$", finds: ["aabb"], misses: ["ab"] },
  { name: "a repeated place", pattern: "^*a$?", finds: ["ba"] },
  {
    name: "alternatives, empty ones too",
    pattern: "^(a||b)$",
    finds: ["a", "", "b"],
    misses: ["c"],
  },
  { name: "a repeated group", pattern: "^(?:ab)+(c)*$", finds: ["ababcc"], misses: ["a"] },
  { name: "characters beyond 16 bits", pattern: "^😀+$", finds: ["😀😀"] },
  { name: "openings in a row", pattern: "^(?i:(?P<n>x(?s:.)))$", finds: ["X\n"] },
  { name: "escapes in a row", pattern: "\\A\\Qa\\E\\b\\Q.\\E\\z", finds: ["a."] },
  { name: "a word border", pattern: "\\bab\\b", finds: ["x ab"], misses: ["xab"] },
];

describe("an RE2 expression means here what it means there", () => {
  for (const { name, pattern, finds = [], misses = [] } of meanings) {
    it(`${name}: ${pattern}`, () => {
      const { regexp, foreign } = re2Pattern(pattern, "--patterns");
      for (const text of finds) assert.match(text, regexp);
      for (const text of misses) assert.doesNotMatch(text, regexp);
      assert.deepEqual(foreign, []);
    });
  }
});

const refusals: readonly (readonly [pattern: string, names: RegExp])[] = [
  ["(?U)a", /\(\?U\)/],
  ["(?iU:a)", /\(\?iU:/],
  ["\\C", /\\C/],
  ["a{,3}", /\{,3\}: write \{0,3\}/],
  ["a++", /\+\+/],
  ["a**", /\*\*/],
  ["a{2}{3}", /\{2\}\{3\}/],
  ["a{1001}", /1000/],
  ["a{3,2}", /out of order/],
  ["+a", /nothing before it/],
  ["(*a)", /nothing before it/],
  ["(a", /without its \)/],
  ["a)", /without its \(/],
  ["[a", /without its \]/],
  ["[z-a]", /z-a/],
  ["[[:foo:]]", /\[:foo:\]/],
  ["[\\b]", /\\b/],
  ["\\p{Nonsense}", /\\p\{Nonsense\}/],
  ["\\q", /\\q/],
  ["\\u0041", /\\u/],
  ["\\Z", /\\Z/],
  ["a\\", /backslash/],
  ["\\x{110000}", /no such character/],
  ["(?>a)", /\(\?>/],
  ["(?P=n)", /\(\?P/],
];

describe("what cannot be carried over is the user's mistake, and named", () => {
  for (const [pattern, names] of refusals) {
    it(pattern, () => {
      assert.throws(
        () => re2Pattern(pattern, "--patterns"),
        (error) => {
          assert.ok(error instanceof UsageError);
          assert.equal(error.lines.length, 1);
          assert.ok(error.message.startsWith(`--patterns: the expression "${pattern}" `));
          assert.match(error.message, names);
          return true;
        },
      );
    });
  }
});

const foreigners: readonly (readonly [pattern: string, foreign: string, finds: string])[] = [
  ["a(?=b)", "lookahead (?=", "ab"],
  ["a(?!b)", "lookahead (?!", "ac"],
  ["(?<=a)b", "lookbehind (?<=", "ab"],
  ["(?<!a)b", "lookbehind (?<!", "cb"],
  ["(a)\\1", "back reference \\1", "aa"],
  ["(?P<n>a)\\k<n>", "back reference \\k<n>", "aa"],
  ["(?=a)*b", "lookahead (?=", "b"],
];

describe("what RE2 itself refuses works here and is told apart", () => {
  for (const [pattern, name, text] of foreigners) {
    it(pattern, () => {
      const { regexp, foreign } = re2Pattern(pattern, "--patterns");
      assert.match(text, regexp);
      assert.deepEqual(foreign, [name]);
    });
  }
});

describe("an expression's other sides", () => {
  it("a server is sent .* for a lone star, and everything else as it was typed", () => {
    assert.equal(re2Pattern("*", "--pattern").sent, ".*");
    assert.equal(re2Pattern("(?i)a", "--pattern").sent, "(?i)a");
    assert.throws(() => re2Pattern("**", "--pattern"), UsageError);
  });

  it("quoted text finds itself, whatever it is", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: "binary" }).filter((text) => !text.includes("\\E")),
        (text) => {
          assert.match(text, re2Pattern(`\\A\\Q${text}\\E\\z`, "--pattern").regexp);
        },
      ),
    );
  });

  it("any text gives an expression or a UsageError, never another error", () => {
    const piece = fc.oneof(
      fc.constantFrom(..."()[]{}?*+|^$.\\-:,=!<>PQEpimsU019ab"),
      fc.constantFrom("(?", "[:", ":]", "\\Q", "(?i)", "[^", "{1,", "\\p{"),
    );
    const text = fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join(""));
    fc.assert(
      fc.property(text, (pattern) => {
        try {
          assert.ok(re2Pattern(pattern, "--pattern").regexp.unicode);
        } catch (error) {
          assert.ok(error instanceof UsageError, String(error));
        }
      }),
      { numRuns: 2000 },
    );
  });
});
