import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { pathOfSubject, subjectOfPath } from "../../src/archive/subject.ts";

describe("a path as a subject", () => {
  const pairs = [
    ["/a/b/c", "a.b.c"],
    ["/", "%00"],
    ["//a/", "%00.a.%00"],
    ["/v1.2/a b", "v1%2E2.a%20b"],
    ["/*/>", "%2A.%3E"],
    ["/100%/%20", "100%25.%2520"],
    ["/a\tb\r\n", "a%09b%0D%0A"],
    ["/é/日本", "é.日本"],
    ["/$registry/tags", "$registry.tags"],
  ] as const;
  for (const [path, subject] of pairs) {
    test(`${JSON.stringify(path)} is ${subject}, and back`, () => {
      assert.equal(subjectOfPath(path), subject);
      assert.equal(pathOfSubject(subject), path);
    });
  }

  test("any path survives the way there and back, as tokens that a server accepts", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (rest) => {
        const path = `/${rest}`;
        const subject = subjectOfPath(path);
        assert.match(
          subject,
          /^[^\s.*>]+(?:\.[^\s.*>]+)*$|[\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff]/,
        );
        assert.equal(pathOfSubject(subject), path);
      }),
    );
  });

  const foreign = [
    ["a%2Fb.c", "/a%2Fb/c"],
    ["a%2eb", "/a.b"],
    ["%zz.100%", "/%zz/100%"],
    ["x%00", "/x%00"],
  ] as const;
  for (const [subject, path] of foreign) {
    test(`${subject} of another publisher is ${path}`, () => {
      assert.equal(pathOfSubject(subject), path);
    });
  }
});
