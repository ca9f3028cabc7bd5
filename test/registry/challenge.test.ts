import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { chooseChallenge, parseChallenges } from "../../src/registry/challenge.ts";

const plain = (lines: string[]) =>
  parseChallenges(lines).map(({ scheme, parameters }) => [scheme, Object.fromEntries(parameters)]);

for (const { name, lines, challenges } of [
  { name: "no line", lines: [], challenges: [] },
  { name: "an empty line", lines: [""], challenges: [] },
  {
    name: "Basic",
    lines: ['Basic realm="test-realm"'],
    challenges: [["basic", { realm: "test-realm" }]],
  },
  {
    name: "Bearer as registries send it",
    lines: [
      'Bearer realm="https://auth.example/token",service="reg",scope="repository:a/b:pull,push"',
    ],
    challenges: [
      [
        "bearer",
        { realm: "https://auth.example/token", service: "reg", scope: "repository:a/b:pull,push" },
      ],
    ],
  },
  {
    name: "two challenges in one line",
    lines: ['Basic realm="a, b", Bearer realm="c" , service="d"'],
    challenges: [
      ["basic", { realm: "a, b" }],
      ["bearer", { realm: "c", service: "d" }],
    ],
  },
  {
    name: "two challenges in two lines",
    lines: ['Basic realm="a"', 'Bearer realm="b"'],
    challenges: [
      ["basic", { realm: "a" }],
      ["bearer", { realm: "b" }],
    ],
  },
  {
    name: "the example of the RFC",
    lines: ['Basic realm="simple", Newauth realm="apps", type=1, title="Login to \\"apps\\""'],
    challenges: [
      ["basic", { realm: "simple" }],
      ["newauth", { realm: "apps", type: "1", title: 'Login to "apps"' }],
    ],
  },
  {
    name: "a scheme alone and one with token68",
    lines: ["Negotiate, NTLM dGVzdA==, Basic realm=x"],
    challenges: [
      ["negotiate", {}],
      ["ntlm", {}],
      ["basic", { realm: "x" }],
    ],
  },
  {
    name: "spaces around the equals sign and empty elements",
    lines: [', ,Bearer realm = "r" ,, service= s'],
    challenges: [["bearer", { realm: "r", service: "s" }]],
  },
  {
    name: "names in capitals, the first of a repeated one",
    lines: ['BEARER Realm="one", REALM="two"'],
    challenges: [["bearer", { realm: "one" }]],
  },
  {
    name: "a URL without quotes",
    lines: ["Bearer realm=https://a/token?x=1,service=s"],
    challenges: [["bearer", { realm: "https://a/token?x=1", service: "s" }]],
  },
  {
    name: "an empty quoted text",
    lines: ['Basic realm=""'],
    challenges: [["basic", { realm: "" }]],
  },
  {
    name: "a quote that never ends",
    lines: ['Bearer realm="abc, service="s"'],
    challenges: [
      ["bearer", { realm: "abc, service=" }],
      ["s", {}],
    ],
  },
  {
    name: "garbage before a challenge",
    lines: ['@@@, Basic realm="x"'],
    challenges: [["basic", { realm: "x" }]],
  },
]) {
  test(`challenge: ${name}`, () => assert.deepEqual(plain(lines), challenges));
}

test("challenge: any text is read without failing", () => {
  const pieces = ["Bearer", "Basic", " ", ",", "=", '"', "\\", "realm", "a b", "é", "\t", "=="];
  const line = fc.oneof(fc.string(), fc.string({ unit: fc.constantFrom(...pieces) }));
  fc.assert(
    fc.property(fc.array(line), (lines) => assert.ok(Array.isArray(parseChallenges(lines)))),
  );
});

test("challenge: what is quoted comes back, whatever is in it", () => {
  const text = fc.string({ unit: "binary-ascii" });
  fc.assert(
    fc.property(fc.array(fc.tuple(text, text), { minLength: 1, maxLength: 4 }), (pairs) => {
      const quote = (value: string) => `"${value.replace(/["\\]/g, "\\$&")}"`;
      const line = pairs
        .map(([realm, service]) => `Bearer realm=${quote(realm)}, service=${quote(service)}`)
        .join(", ");
      assert.deepEqual(
        plain([line]),
        pairs.map(([realm, service]) => ["bearer", { realm, service }]),
      );
    }),
  );
});

for (const { name, lines, chosen } of [
  { name: "nothing is chosen of nothing", lines: [], chosen: undefined },
  { name: "unknown schemes are not answered", lines: ["Negotiate"], chosen: undefined },
  { name: "Basic alone is taken", lines: ['Basic realm="r"'], chosen: { scheme: "basic" } },
  {
    name: "Bearer goes before Basic",
    lines: ['Basic realm="r", Bearer realm="t"'],
    chosen: { scheme: "bearer", realm: "t", service: undefined, scope: undefined },
  },
  {
    name: "Bearer without a realm cannot be answered",
    lines: ['Bearer service="s"', "Basic"],
    chosen: { scheme: "basic" },
  },
]) {
  test(`challenge: ${name}`, () =>
    assert.deepEqual(chooseChallenge(parseChallenges(lines)), chosen));
}
