import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { describeErrorBody, errorCodeOf } from "../../src/registry/error-body.ts";

const unknown =
  '{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown","detail":{"tag":"v1"}},{"code":"DENIED"}]}';

for (const { name, body, code, line } of [
  {
    name: "a distribution error",
    body: unknown,
    code: "MANIFEST_UNKNOWN",
    line: "MANIFEST_UNKNOWN: manifest unknown",
  },
  {
    name: "a distribution error cut off",
    body: unknown.slice(0, 60),
    code: "MANIFEST_UNKNOWN",
    line: "MANIFEST_UNKNOWN",
  },
  {
    name: "a code without a message",
    body: '{"errors":[{"code":"DENIED"}]}',
    code: "DENIED",
    line: "DENIED",
  },
  {
    name: "a message of several lines",
    body: '{"errors":[{"code":"DENIED","message":"a\\nb\\u001b[1m"}]}',
    code: "DENIED",
    line: "DENIED: a b [1m",
  },
  { name: "nothing", body: "", code: undefined, line: "" },
  { name: "plain text", body: "no such\r\n  host\n", code: undefined, line: "no such host" },
  {
    name: "a web page",
    body: "<html>\n<h1>502</h1></html>",
    code: undefined,
    line: "<html> <h1>502</h1></html>",
  },
  { name: "an empty list", body: '{"errors":[]}', code: undefined, line: '{"errors":[]}' },
  { name: "JSON of another shape", body: "null", code: undefined, line: "null" },
  {
    name: "a code that is a number",
    body: '{"errors":[{"code":7}]}',
    code: undefined,
    line: '{"errors":[{"code":7}]}',
  },
]) {
  test(`error body: ${name}`, () => {
    assert.equal(errorCodeOf(Buffer.from(body)), code);
    assert.equal(describeErrorBody(Buffer.from(body)), line);
  });
}

test("error body: no sample at all has no code", () => {
  assert.equal(errorCodeOf(undefined), undefined);
  assert.equal(describeErrorBody(undefined), "");
});

test("error body: no bytes make it fail, and it stays one short line", () => {
  const json = fc.json().map((text) => Buffer.from(text));
  const bytes = fc.uint8Array({ maxLength: 4096 }).map((array) => Buffer.from(array));
  fc.assert(
    fc.property(fc.oneof(json, bytes), (body) => {
      const line = describeErrorBody(body);
      assert.ok(line.length <= 300);
      assert.doesNotMatch(line, /[\r\n]/);
    }),
  );
});
