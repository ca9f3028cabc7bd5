import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { jsonTextBytesMax, writeJsonText } from "../../../src/workers/feeder/json-text.ts";

test("json text: any text reads back as itself, and fits the room that was asked for", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (value) => {
      const source = Buffer.from(value);
      const into = Buffer.alloc(jsonTextBytesMax(source.length));
      const end = writeJsonText(into, 0, source, 0, source.length);
      assert.equal(JSON.parse(into.toString("utf8", 0, end)), source.toString("utf8"));
    }),
  );
});

test("json text: control characters and quotes are escaped", () => {
  const source = Buffer.from('a"b\\c\n\u0001');
  const into = Buffer.alloc(jsonTextBytesMax(source.length));
  const end = writeJsonText(into, 0, source, 0, source.length);
  assert.equal(into.toString("utf8", 0, end), '"a\\"b\\\\c\\u000a\\u0001"');
});
