import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { recordBlock } from "../../../src/trace/record-view.ts";
import {
  copyJsonText,
  jsonTextBytesMax,
  writeJsonText,
} from "../../../src/workers/feeder/json-text.ts";

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

test("json text: copied by words it is the same, whatever stands before and behind it", () => {
  const text = fc.string({ unit: fc.constantFrom("a", "é", '"', "\\", "\n", "/", "7") });
  fc.assert(
    fc.property(text, text, (before, value) => {
      const from = Buffer.byteLength(before);
      const to = from + Buffer.byteLength(value);
      const source = Buffer.from(`${before}${value}"`);
      const expected = Buffer.alloc(jsonTextBytesMax(to - from) + 1);
      const found = recordBlock(Buffer.alloc(expected.length));
      const end = writeJsonText(expected, 1, source, from, to);
      assert.equal(copyJsonText(found, 1, recordBlock(source), from, to), end);
      assert.deepEqual(found.buffer.subarray(1, end), expected.subarray(1, end));
    }),
  );
});
