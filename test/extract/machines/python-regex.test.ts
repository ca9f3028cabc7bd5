import assert from "node:assert/strict";
import { test } from "node:test";
import { pythonRegex } from "../../../src/extract/machines/python-regex.ts";

for (const { python, text, found } of [
  { python: "(\\w\\d{2})-(\\d{2}).x", text: "yc01-05.x", found: "c01-05.x" },
  { python: "(?P<rack>r\\d)-(?P=rack)", text: "r1-r1", found: "r1-r1" },
  { python: "\\Ab|c\\Z", text: "ab\nc", found: "c" },
  { python: "(?i)RACK", text: "my rack", found: "rack" },
  { python: "(?iu)a(?#note)b", text: "AB", found: "AB" },
  { python: "x{,2}y", text: "xxxy", found: "xxy" },
  { python: "[]a]+", text: "b]a", found: "]a" },
  { python: "[^]a]+", text: "]bc", found: "bc" },
  { python: "[(?>]\\(\\?>", text: "((?>", found: "((?>" },
]) {
  test(`Python's ${python} finds the same`, () => {
    assert.equal(pythonRegex(python, "key").exec(text)?.[0], found);
  });
}

for (const { python, construct } of [
  { python: "(a)(?(1)b|c)", construct: "(?(...)" },
  { python: "(?>a)b", construct: "(?>" },
  { python: "(?x)a b", construct: "(?x)" },
  { python: "a(?i:b)", construct: "flags within the expression" },
  { python: "a++", construct: "a possessive quantifier" },
  { python: "(a", construct: "(a" },
]) {
  test(`${python} is refused by name`, () => {
    assert.throws(
      () => pythonRegex(python, "rack.key"),
      (error: Error) => error.message.includes(construct) && error.message.startsWith("rack.key: "),
    );
  });
}
