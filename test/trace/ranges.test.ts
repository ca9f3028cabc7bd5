import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { convertTrace } from "../../src/trace/conversion/convert-trace.ts";
import { openTrace } from "../../src/trace/open-trace.ts";
import { rangeLength } from "../../src/trace/range-length.ts";
import { folderWith, type Native, native } from "./fixtures.ts";

const KEY = "http.request.range";
const lines = (records: readonly Native[]): string =>
  records.map((record) => `${JSON.stringify(record)}\n`).join("");

async function rangesOf(folder: string, texts?: "addresses") {
  const stream = await openTrace({ location: folder, traces: ["t.ndjson"], texts });
  const found: [string, string, string | null][] = [];
  while (stream.next()) {
    const { view } = stream;
    found.push([view.uri, view.rangeBytes === 0 ? "" : view.range, view.userAgent]);
  }
  return { found, account: stream.account };
}

test("the range of a record is read wherever its key stands, and belongs to that record alone", async (t) => {
  const { timestamp, ...rest } = native({ "http.request.uri": "v2/a/blobs/1" });
  const folder = folderWith(t, {
    "t.ndjson": lines([
      { [KEY]: "bytes=0-9", ...rest, timestamp },
      native({ "http.request.uri": "v2/a/blobs/2" }),
      { ...rest, "http.request.uri": "v2/a/blobs/3", [KEY]: "bytes=5-", timestamp },
      native({ "http.request.uri": "v2/a/blobs/4", [KEY]: null }),
      native({ "http.request.uri": "v2/a/blobs/5", [KEY]: "bytes=-7, 9-10" }),
    ]),
  });
  const agent = "docker/17.03.1-ce";
  const ranges = ["bytes=0-9", "", "bytes=5-", "", "bytes=-7, 9-10"];
  const all = await rangesOf(folder);
  assert.deepEqual(
    all.found,
    ranges.map((range, at) => [`v2/a/blobs/${at + 1}`, range, agent]),
  );
  const bare = await rangesOf(folder, "addresses");
  assert.deepEqual(
    bare.found,
    ranges.map((range, at) => [`v2/a/blobs/${at + 1}`, range, null]),
  );
});

for (const { what, range } of [
  { what: "a number", range: 5 },
  { what: "another unit", range: "items=0-9" },
  { what: "nothing but the unit", range: "bytes=" },
  { what: "a line break", range: "bytes=0-9\r\nX: y" },
  { what: "a text that needs escapes", range: "bytes=0-\u0000" },
  { what: "more than a head should hold", range: `bytes=${"0-1,".repeat(100)}` },
  { what: "a list", range: ["bytes=0-9"] },
])
  test(`${what} for a range makes the record a broken one`, async (t) => {
    const folder = folderWith(t, { "t.ndjson": lines([native({ [KEY]: range }), native()]) });
    const { found, account } = await rangesOf(folder);
    assert.equal(found.length, 1);
    assert.deepEqual(account.broken, { [`type:${KEY}`]: 1 });
  });

test("JSON keeps ranges when it is converted, a form of ten columns says that it has none", async (t) => {
  const folder = folderWith(t, { "t.ndjson": lines([native({ [KEY]: "bytes=0-9" })]) });
  const written = async (name: string, format: "json" | "csv") => {
    const output = join(folder, name);
    const { leftOutKeys } = await convertTrace({
      inputs: [join(folder, "t.ndjson")],
      output,
      form: { format, compression: "none" },
      strict: true,
      errorsFile: undefined,
    });
    return { leftOutKeys, text: readFileSync(output, "utf8") };
  };
  const json = await written("o.json", "json");
  assert.equal(JSON.parse(json.text)[0][KEY], "bytes=0-9");
  assert.deepEqual(json.leftOutKeys, {});
  assert.deepEqual((await written("o.csv", "csv")).leftOutKeys, { [KEY]: 1 });
});

for (const [range, size, length] of [
  ["bytes=0-9", 100, 10],
  ["bytes=90-200", 100, 10],
  ["bytes=40-", 100, 60],
  ["bytes=-30", 100, 30],
  ["bytes=-300", 100, 100],
  ["bytes=0-9, 20-29", 100, 20],
  ["bytes=200-300", 100, 100],
  ["bytes=x", 100, 100],
] as const)
  test(`${range} of ${size} bytes are ${length}`, () => {
    assert.equal(rangeLength(range, size), length);
  });

test("a range never has more bytes than its object", () => {
  const number = fc.nat(2000);
  fc.assert(
    fc.property(number, number, number, (first, last, size) => {
      const length = rangeLength(`bytes=${first}-${last}`, size);
      assert.ok(length >= 0 && length <= size);
    }),
  );
});
