import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { JsonObjectReader, SENTINEL_BYTES } from "../../src/trace/json-object.ts";
import { JsonScanner } from "../../src/trace/json-scanner.ts";
import { copyEscapedText } from "../../src/trace/json-text.ts";
import { readNumber } from "../../src/trace/number-text.ts";
import { Field, RawRecord, Shape, traceKeys } from "../../src/trace/raw-record.ts";
import { recordBlock } from "../../src/trace/record-view.ts";
import { TimestampReader } from "../../src/trace/timestamp.ts";
import { UriParts } from "../../src/trace/uri-parts.ts";
import { type Native, native, readText, without } from "./fixtures.ts";

const day = Date.UTC(2017, 5, 20);

const times: readonly (readonly [string, number])[] = [
  ["2017-06-20T02:41:18.399Z", day + 9_678_399],
  ["2017-06-20 02:41:18.399", day + 9_678_399],
  ["2017-06-20t02:41:18z", day + 9_678_000],
  ["2017-06-20T02:41:18", day + 9_678_000],
  ["2017-06-20T02:41:18.3Z", day + 9_678_300],
  ["2017-06-20T02:41:18.123456Z", day + 9_678_123.456],
  ["2017-06-20T02:41:18.123456499Z", day + 9_678_123.456],
  ["2017-06-20T02:41:18.123456500Z", day + 9_678_123.457],
  ["2017-06-20T02:41:18.999999999Z", day + 9_679_000],
  ["2017-06-20T02:41:18+02:00", day + 2_478_000],
  ["2017-06-20T02:41:18.5-0130", day + 15_078_500],
  ["2017-06-20T02:41:18+02", day + 2_478_000],
  ["2016-02-29T00:00:00Z", Date.UTC(2016, 1, 29)],
  ["2016-12-31T23:59:60Z", Date.UTC(2017, 0, 1)],
  ["1969-12-31T23:59:59.5Z", -500],
];

for (const [text, ms] of times) {
  test(`${text} is read to the microsecond`, () => {
    const bytes = Buffer.from(`"${text}"`);
    const us = new TimestampReader().read(bytes, 1, bytes.length - 1);
    assert.equal(us, Math.round(ms * 1000));
  });
}

const noTimes = [
  "",
  "2017-06-20",
  "2017-06-20T02:41",
  "2017-06-20T24:00:00Z",
  "2017-06-20T02:60:00Z",
  "2017-06-20T02:41:61Z",
  "2017-02-29T00:00:00Z",
  "2017-13-01T00:00:00Z",
  "2017-06-00T00:00:00Z",
  "2017-06-20T02:41:18.Z",
  "2017-06-20T02:41:18.1234567890Z",
  "2017-06-20T02:41:18ZZ",
  "2017-06-20T02:41:18+2",
  "2017-06-20T02:41:18+02:0",
  "2017-06-20T02:41:18 Z",
  "2017/06/20 02:41:18",
  "x017-06-20T02:41:18Z",
];

for (const text of noTimes) {
  test(`"${text}" is no time`, () => {
    const bytes = Buffer.from(text);
    const reader = new TimestampReader();
    assert.ok(Number.isNaN(reader.read(bytes, 0, bytes.length)));
    assert.ok(Number.isNaN(reader.read(bytes, 0, bytes.length)), "asked again");
  });
}

test("every time that Date writes is read back", () => {
  const reader = new TimestampReader();
  const date = fc.date({ min: new Date(0), max: new Date("9999-12-31"), noInvalidDate: true });
  fc.assert(
    fc.property(date, (value) => {
      const bytes = Buffer.from(value.toISOString());
      assert.equal(reader.read(bytes, 0, bytes.length), value.getTime() * 1000);
    }),
  );
});

test("every number that JSON writes is read as JSON.parse reads it", () => {
  const number = fc.oneof(
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.integer(),
    fc.float(),
  );
  fc.assert(
    fc.property(
      fc.oneof(
        number.map((value) => JSON.stringify(value)),
        fc.stringMatching(/^-?\d{1,19}\.\d{1,24}$/),
      ),
      (text) => {
        const bytes = Buffer.from(text);
        assert.equal(readNumber(bytes, 0, bytes.length), Number(text));
      },
    ),
  );
});

test("what the scanner makes of a number on its way is what JSON.parse reads, or is left to be read", () => {
  const digits = (max: number) => fc.stringMatching(new RegExp(`^\\d{1,${max}}$`));
  const number = fc.oneof(
    fc.tuple(digits(12), digits(24)).map(([whole, part]) => `${whole}.${part}`),
    digits(18),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
  );
  fc.assert(
    fc.property(number, (written) => {
      const text = Buffer.from(`{"http.request.duration":${written}}${'"'.repeat(SENTINEL_BYTES)}`);
      const raw = new RawRecord(text);
      const reader = new JsonObjectReader(raw);
      // Once to learn which key comes first.
      reader.read(text, 0, text.length - SENTINEL_BYTES);
      const behind = reader.read(text, 0, text.length - SENTINEL_BYTES);
      assert.equal(behind, text.length - SENTINEL_BYTES);
      const value = raw.values[Field.duration] as number;
      if (!Number.isNaN(value)) assert.equal(value, Number(written));
      assert.equal(raw.shapeOf(Field.duration), Shape.number);
    }),
  );
});

for (const text of ["", "-", ".", "1.", "1e", "0x10", "1 2", "Infinity", "NaN", "1,5", "--1"]) {
  test(`"${text}" is ${text === "1." ? "still a" : "no"} number`, () => {
    const value = readNumber(Buffer.from(text), 0, text.length);
    assert.equal(value, text === "1." ? 1 : Number.NaN);
  });
}

test("escapes of JSON become the UTF-8 of what JSON.parse reads", () => {
  const unit = fc.oneof(
    fc.constantFrom("\\/", "\\\\", '\\"', "\\b", "\\f", "\\n", "\\r", "\\t", "é", "漢", "😀", "a"),
    fc.integer({ min: 0, max: 0xffff }).map((code) => `\\u${code.toString(16).padStart(4, "0")}`),
    fc.constantFrom("\\ud83d\\ude00", "\\uD83D\\uDE00", "\\ud83d", "\\ude00\\ud83d"),
  );
  fc.assert(
    fc.property(fc.array(unit), (units) => {
      const text = units.join("");
      const source = Buffer.from(text);
      const target = Buffer.alloc(source.length + 3);
      const end = copyEscapedText(recordBlock(target), 3, recordBlock(source), 0, source.length);
      const expected: string = JSON.parse(`"${text}"`);
      assert.equal(target.toString("utf8", 3, end), expected.toWellFormed());
    }),
  );
});

const uris: readonly (readonly [string, string, string | null, string | null])[] = [
  ["v2", "ping", null, null],
  ["v2/", "ping", null, null],
  ["/v2/", "ping", null, null],
  ["v2/a/blobs/x", "blob", "a", "x"],
  ["/v2/a/b/c/d/blobs/sha256:0f", "blob", "a/b/c/d", "sha256:0f"],
  ["v2/a/b/manifests/latest", "manifest", "a/b", "latest"],
  ["v2/a/blobs/uploads", "upload", "a", null],
  ["v2/a/blobs/uploads/", "upload", "a", null],
  ["v2/a/b/blobs/uploads/id", "upload", "a/b", "id"],
  ["v2/a/blobs/uploads/more/id", "upload", "a", "id"],
  ["v2/manifests/blobs/x", "blob", "manifests", "x"],
  ["v2/blobs/manifests/x", "manifest", "blobs", "x"],
  ["v2/a/manifests/blobs", "manifest", "a", "blobs"],
  ["v2/blobs/uploads/blobs/uploads/id", "upload", "blobs/uploads", "id"],
  ["v2/blobs/x", "other", null, "x"],
  ["v2/blobs/uploads/id", "other", null, "id"],
  ["v2/_catalog", "other", null, "_catalog"],
  ["v2/a/tags/list", "other", null, "list"],
  ["v1/a/blobs/x", "other", null, null],
  ["v22", "other", null, null],
  ["", "other", null, null],
];

for (const [uri, kind, name, ref] of uris) {
  test(`the uri "${uri}" is a ${kind} of ${name} called ${ref}`, () => {
    const parts = new UriParts();
    const bytes = Buffer.from(`"${uri}"`);
    parts.read(bytes, 1, bytes.length - 1);
    const start = uri.startsWith("/") ? 4 : 3;
    const kinds = ["blob", "manifest", "upload", "ping", "other"];
    assert.equal(kinds[parts.kind], kind);
    assert.equal(parts.nameEnd === 0 ? null : uri.slice(start, parts.nameEnd), name);
    assert.equal(parts.refStart === 0xffff ? null : uri.slice(parts.refStart), ref);
  });
}

test("numbers as text, escapes and other scripts are read as what they mean", async (t) => {
  const text = String.raw`[{"http.request.method":"g\u0065t","http.request.uri":"v2\/caf\u00e9\/漢\/blobs\/\ud83d\ude00",
    "timestamp":"2017-06-20T02:41:18\u005a","http.response.written":"9576","http.request.duration":"1.5",
    "http.response.status":200.0, "h\u006fst":"\"q\"", "id" : "\\", "http.request.useragent":"a\tb"}]`;
  const { records, account } = await readText(t, text);
  const [record] = records;
  assert.deepEqual(
    [record?.method, record?.uri, record?.name, record?.ref, record?.size, record?.duration],
    ["GET", "v2/café/漢/blobs/😀", "café/漢", "😀", 9576, 1.5],
  );
  assert.deepEqual(
    [record?.status, record?.host, record?.id, record?.userAgent],
    [200, '"q"', "\\", "a\tb"],
  );
  assert.equal(record?.arrival, (day + 9_678_000) / 1000);
  assert.equal(record?.client, null);
  assert.deepEqual(account.defaulted, { "http.request.remoteaddr": 1 });
});

test("a size written as 9576.0 is 9576", async (t) => {
  const text = JSON.stringify([native({ "http.response.written": 7 })]).replace(":7,", ":9576.0,");
  const { records } = await readText(t, text);
  assert.equal(records[0]?.size, 9576);
});

test("what may be missing is counted as defaulted", async (t) => {
  const optional = [
    "host",
    "id",
    "http.request.duration",
    "http.request.remoteaddr",
    "http.request.useragent",
    "http.response.status",
  ];
  const bare = optional.reduce(without, native());
  const nulls = { ...bare, host: null, id: null };
  const { records, account } = await readText(t, JSON.stringify([bare, nulls]));
  assert.deepEqual(account.defaulted, Object.fromEntries(optional.map((key) => [key, 2])));
  const { host, id, duration, client, userAgent, status } = records[1] ?? {};
  assert.deepEqual(
    [host, id, duration, client, userAgent, status],
    [null, null, 0, null, null, null],
  );
});

/** What the scanner finds in `text` when it comes in windows that grow by the given steps. */
function scanInSteps(text: Buffer, steps: readonly number[]): Native[] {
  const found: Native[] = [];
  const scanner = new JsonScanner(
    {
      take: (raw) => {
        const pairs = traceKeys.flatMap((key, field) => {
          const bytes = raw.buffer.toString("utf8", raw.from[field], raw.to[field]);
          const shape = raw.shapeOf(field);
          if (shape === Shape.absent) return [];
          const isText = shape === Shape.text || shape === Shape.escapedText;
          return [[key, JSON.parse(isText ? `"${bytes}"` : bytes)]];
        });
        found.push(Object.fromEntries(pairs));
      },
      broken: (reason, place, message) => assert.fail(`${reason} at ${place.offset}: ${message}`),
    },
    "json",
    0,
  );
  const buffer = Buffer.alloc(text.length + SENTINEL_BYTES);
  let length = 0;
  let read = 0;
  for (let step = 0; read < text.length; step++) {
    const more = text.subarray(read, read + (steps[step % steps.length] as number));
    more.copy(buffer, length);
    length += more.length;
    read += more.length;
    const consumed = scanner.scan(buffer, length);
    buffer.copyWithin(0, consumed, length);
    length -= consumed;
  }
  scanner.finish(buffer, length, undefined);
  return found;
}

test("random records in windows of random size are found as JSON.parse finds them", () => {
  const text = fc.string({ unit: "binary", maxLength: 40 });
  const json = fc.jsonValue({ maxDepth: 3 }).filter((value) => value !== null);
  const record = fc.dictionary(
    fc.oneof(fc.constantFrom(...traceKeys), text),
    fc.oneof(text, fc.integer(), fc.double({ noNaN: true, noDefaultInfinity: true }), json),
    { maxKeys: 14 },
  );
  const indent = fc.constantFrom(undefined, 1, "\t");
  const steps = fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1, maxLength: 9 });
  fc.assert(
    fc.property(fc.array(record, { maxLength: 6 }), indent, steps, (records, space, sizes) => {
      const written = JSON.stringify(records, null, space);
      const parsed: Native[] = JSON.parse(written);
      const known = parsed.map((one) =>
        Object.fromEntries(
          traceKeys.flatMap((key) => (Object.hasOwn(one, key) ? [[key, one[key]]] : [])),
        ),
      );
      assert.deepEqual(scanInSteps(Buffer.from(written), sizes), known);
    }),
    { numRuns: 300 },
  );
});
