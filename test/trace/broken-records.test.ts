import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { UsageError } from "../../src/core/errors.ts";
import {
  folderFor,
  folderWith,
  type Native,
  native,
  readAll,
  readText,
  sumOf,
  without,
} from "./fixtures.ts";

const good = (id: string): string => JSON.stringify(native({ id }));
const lines = (...texts: string[]): string => `${texts.join("\n")}\n`;
const array = (...texts: string[]): string => `[${texts.join(",")}]`;
const wrong = (changes: Native): string => JSON.stringify(native(changes));

type Case = {
  readonly title: string;
  readonly text: string;
  readonly broken: Record<string, number>;
  readonly kept: readonly string[];
  /** Row and line of the first broken record; its offset is where `at` stands in the text. */
  readonly row: number;
  readonly line?: number;
  readonly at: string;
};

const half = good("half").slice(0, 200);
const unquoted = good("b").replace('"id":"b"', '"id":"b');

const cases: Case[] = [
  { title: "a missing comma", text: array(good("a"), '{"x":1 "y":2}', good("c")), at: '{"x"' },
  { title: "a word that is no value", text: array(good("a"), '{"x":yes}', good("c")), at: '{"x"' },
  { title: "an unknown escape", text: array(good("a"), '{"x":"\\q"}', good("c")), at: '{"x"' },
  { title: "a cut unicode escape", text: array(good("a"), '{"x":"\\u12"}', good("c")), at: '{"x"' },
  { title: "a lost quote", text: array(good("a"), unquoted, good("c")), at: unquoted },
  {
    title: "a lost brace",
    text: array(good("a"), good("b").slice(0, -1), good("c")),
    at: good("b").slice(0, -1),
  },
  {
    title: "a brace too many",
    text: array(good("a"), `${good("b")}}`, good("c")),
    kept: ["a", "b", "c"],
    row: 3,
    at: `},${good("c")}`,
  },
  {
    title: "a line break in a string",
    text: array(good("a"), '{"x":"1\n2"}', good("c")),
    at: '{"x"',
  },
  { title: "a number between records", text: array(good("a"), "17", good("c")), at: "17" },
  { title: "a text between records", text: array(good("a"), '"a,{\\"b"', good("c")), at: '"a,{' },
  {
    title: "an array between records",
    text: array(good("a"), "[1,2]", good("c")),
    broken: { syntax: 2 },
    at: "[1,2]",
  },
  {
    title: "a wrong bracket in a value",
    text: array(good("a"), '{"x":[1}}', good("c")),
    at: '{"x"',
  },
  {
    title: "the last record broken",
    text: array(good("a"), good("c"), '{"x" 1}'),
    row: 3,
    at: '{"x"',
  },
  {
    title: "the last record without its end",
    text: array(good("a"), good("c"), '{"x":1'),
    row: 3,
    at: '{"x"',
  },
  { title: "a line cut short", text: lines(good("a"), half, good("c")), line: 2, at: half },
  { title: "a line of rubbish", text: lines(good("a"), "%&/ {", good("c")), line: 2, at: "%&/" },
  {
    title: "a quote lost in a line",
    text: lines(good("a"), unquoted, good("c")),
    line: 2,
    at: unquoted,
  },
].map((one) => ({ broken: { syntax: 1 }, kept: ["a", "c"], row: 2, ...one }));

const ends: Case[] = [
  { title: "an array cut inside a record", text: `[${good("a")},${half}`, row: 2, at: half },
  { title: "an array cut between records", text: `[${good("a")},`, row: 2, at: "" },
  { title: "an array without its bracket", text: `[${good("a")}`, row: 2, at: "" },
  { title: "a line cut at the end", text: `${good("a")}\n${half}`, row: 2, line: 2, at: half },
  {
    title: "an array cut inside a key",
    text: `[${good("a")},{"http.requ`,
    row: 2,
    at: '{"http.requ',
  },
  {
    title: "an array cut inside an escape",
    text: `[${good("a")},{"id":"\\u00`,
    row: 2,
    at: '{"id":"\\',
  },
  {
    title: "an array cut behind a backslash",
    text: `[${good("a")},{"id":"\\`,
    row: 2,
    at: '{"id":"\\',
  },
].map((one) => ({ broken: { truncated: 1 }, kept: ["a"], ...one }));

const fields: Case[] = [
  ...["http.request.method", "http.request.uri", "timestamp", "http.response.written"].map(
    (key) => ({
      title: `a record without ${key}`,
      bad: JSON.stringify(without(native(), key)),
      reason: `missing:${key}`,
    }),
  ),
  {
    title: "a uri that is null",
    bad: wrong({ "http.request.uri": null }),
    reason: "missing:http.request.uri",
  },
  { title: "an empty object", bad: "{}", reason: "missing:http.request.method" },
  {
    title: "a method that is a number",
    bad: wrong({ "http.request.method": 1 }),
    reason: "type:http.request.method",
  },
  {
    title: "a client that is an object",
    bad: wrong({ "http.request.remoteaddr": {} }),
    reason: "type:http.request.remoteaddr",
  },
  {
    title: "a status that is a word",
    bad: wrong({ "http.response.status": "ok" }),
    reason: "type:http.response.status",
  },
  {
    title: "a size with a fraction",
    bad: wrong({ "http.response.written": 1.5 }),
    reason: "type:http.response.written",
  },
  {
    title: "a size that is true",
    bad: wrong({ "http.response.written": true }),
    reason: "type:http.response.written",
  },
  {
    title: "a duration that is a word",
    bad: wrong({ "http.request.duration": "1s" }),
    reason: "type:http.request.duration",
  },
  {
    title: "a duration that is infinite",
    bad: wrong({ "http.request.duration": "1e999" }),
    reason: "type:http.request.duration",
  },
  {
    title: "a negative duration",
    bad: wrong({ "http.request.duration": -0.1 }),
    reason: "negative_duration",
  },
  {
    title: "a time that is a number",
    bad: wrong({ timestamp: 1497926478 }),
    reason: "type:timestamp",
  },
  {
    title: "a day that does not exist",
    bad: wrong({ timestamp: "2017-06-31T00:00:00Z" }),
    reason: "timestamp",
  },
  {
    title: "a uri beyond 64 KiB",
    bad: wrong({ "http.request.uri": "x".repeat(70_000) }),
    reason: "too_long",
  },
].map(({ title, bad, reason }) => ({
  title,
  text: array(good("a"), bad, good("c")),
  broken: { [reason]: 1 },
  kept: ["a", "c"],
  row: 2,
  at: bad,
}));

for (const { title, text, broken, kept, row, line, at } of [...cases, ...ends, ...fields]) {
  test(`${title} is counted with its place, and the other records are kept`, async (t) => {
    const { records, account } = await readText(t, text);
    assert.deepEqual(account.broken, broken);
    assert.deepEqual(
      records.map(({ id }) => id),
      kept,
    );
    assert.equal(account.read, sumOf(account));
    const [sample] = account.brokenSamples;
    assert.equal(sample?.row, row);
    assert.equal(sample?.line, line ?? 1);
    assert.equal(sample?.offset, at === "" ? text.length : text.indexOf(at, good("a").length));
  });

  test(`${title} ends a strict reading with its place`, async (t) => {
    await assert.rejects(readText(t, text, { strict: true }), (error: Error) => {
      assert.ok(error instanceof UsageError);
      assert.match(
        error.message,
        new RegExp(`trace\\.json: record ${row}, line ${line ?? 1}, byte \\d+: `),
      );
      return true;
    });
  });
}

const big = array(
  ...Array.from({ length: 3000 }, (_, i) => JSON.stringify(native({ id: `${i * 2654435761}` }))),
);

for (const [name, packed] of [
  ["gzip", gzipSync(big)],
  ["zstd", zstdCompressSync(big)],
] as const) {
  test(`a ${name} file cut in the middle gives its complete records and one truncated error`, async (t) => {
    const { records, account } = await readText(t, packed.subarray(0, packed.length / 2));
    assert.deepEqual(account.broken, { truncated: 1 });
    assert.ok(records.length > 500, `${records.length} records`);
    assert.equal(account.read, records.length + 1);
  });

  test(`a damaged ${name} file is told apart from one that was cut`, async (t) => {
    const damaged = Buffer.from(packed);
    damaged[damaged.length - 3] = (damaged[damaged.length - 3] ?? 0) ^ 0x55;
    const appended = name === "gzip" ? damaged : Buffer.concat([packed, Buffer.from("rubbish")]);
    const { account } = await readText(t, appended);
    assert.deepEqual(account.broken, { damaged: 1 });
    assert.equal(account.read, account.kept + 1);
    assert.ok(account.kept > 500, `${account.kept} records`);
  });
}

test("a record without end is given up after 1 MiB and what follows is found again", async (t) => {
  const endless = `{"x":"${"y".repeat(3 << 20)}"}`;
  const { records, account } = await readText(t, array(good("a"), endless, good("c")));
  assert.deepEqual(account.broken, { too_long: 1 });
  assert.deepEqual(
    records.map(({ id }) => id),
    ["a", "c"],
  );
});

test("20 broken records per reason are kept as samples, all are counted and written to the errors file", async (t) => {
  const errorsFile = join(folderFor(t), "errors.ndjson");
  const bad = Array.from({ length: 700 }, () => wrong({ timestamp: "never" }));
  const { account } = await readText(t, array(...bad, "{}", good("a")), { errorsFile });
  assert.deepEqual(account.broken, { timestamp: 700, "missing:http.request.method": 1 });
  assert.equal(account.brokenSamples.length, 21);
  const written = readFileSync(errorsFile, "utf8").trim().split("\n");
  assert.equal(written.length, 701);
  const last = JSON.parse(written[700] ?? "");
  assert.deepEqual([last.reason, last.row], ["missing:http.request.method", 701]);
});

test("an errors file that is one of the traces is refused, and the trace stays", async (t) => {
  const location = folderWith(t, { "trace.json": array(good("a")) });
  const errorsFile = join(location, "trace.json");
  await assert.rejects(
    readAll({ location, traces: ["*"], errorsFile }),
    /errors file .*trace\.json is one of the traces/,
  );
  assert.equal(readFileSync(errorsFile, "utf8"), array(good("a")));
});

test("no record kept at all is the user's mistake, with the counts, and the places of what is broken", async (t) => {
  for (const { text, broken } of [
    { text: "[]", broken: /kept 0$/ },
    { text: "", broken: /kept 0$/ },
    { text: "[{}]", broken: /\n.*: record 1, line 1, byte 1: .* is missing \(missing:/ },
    { text: lines(wrong({ "http.request.method": "POST" })), broken: /folded 1$/ },
  ]) {
    await assert.rejects(readText(t, text), (error: Error) => {
      assert.match(error.message, broken);
      return /^no record of the trace is left to replay: read \d, kept 0/.test(error.message);
    });
  }
});

test("broken rows of a table are counted with their places", async (t) => {
  const header = "n,http.request.method,http.request.uri,timestamp,http.response.written";
  const row = "1,GET,v2/a/blobs/x,2017-06-20 00:00:00,7.0";
  const csv = `${header}\n${row}\n1,GET,v2/a/blobs/x\n1,GET,v2/a/blobs/x,soon,7\n1,GET,"v2/a,b/blobs/""x""",2017-06-20,7\n${row}\n`;
  const { records, account } = await readText(t, csv);
  assert.deepEqual(account.broken, { syntax: 1, timestamp: 2 });
  assert.deepEqual(
    account.brokenSamples.map(({ row, line, offset }) => [
      row,
      line,
      csv.slice(offset, offset + 12),
    ]),
    [
      [2, 3, "1,GET,v2/a/b"],
      [3, 4, "1,GET,v2/a/b"],
      [4, 5, '1,GET,"v2/a,'],
    ],
  );
  assert.deepEqual(
    records.map(({ size, uri }) => [size, uri]),
    [
      [7, "v2/a/blobs/x"],
      [7, "v2/a/blobs/x"],
    ],
  );
});

const header = "id,http.request.method,http.request.uri,timestamp,http.response.written";
const row = (id: string): string => `${id},GET,v2/a/blobs/x,2017-06-20 00:00:00,7.0`;

for (const { title, rows, broken, kept, line = 3, at } of [
  {
    title: "a quote without its end",
    rows: [row("a"), `"b,GET,v2`, row("c"), row("d")],
    broken: { syntax: 1 },
    kept: "acd",
    at: '"b',
  },
  {
    title: "a quote whose end is that of another row",
    rows: [row("a"), `"b,GET,v2`, row("c"), row('"d"')],
    broken: { syntax: 1 },
    kept: "acd",
    at: '"b',
  },
  {
    title: "a quote inside a value",
    rows: [row("a"), row('b"b'), row("c")],
    broken: { syntax: 1 },
    kept: "ac",
    at: 'b"b',
  },
  {
    title: "text behind a closing quote",
    rows: [row("a"), row('"b"b'), row("c")],
    broken: { syntax: 1 },
    kept: "ac",
    at: '"b"b',
  },
  {
    title: "a row that is sound but for its time, behind a broken one and one of two lines",
    rows: [row("a"), row('"b\nb"'), row("c").replace("2017", "then")],
    broken: { timestamp: 1 },
    kept: "ab\nb",
    line: 5,
    at: "c,",
  },
  {
    title: "a value of several lines and one too many",
    rows: [row("a"), `${row('"b\nb"')},8`, row("c")],
    broken: { syntax: 1 },
    kept: "ac",
    at: '"b\nb"',
  },
  {
    title: "a row that is cut off",
    rows: [row("a"), "b,GET,v2/a"],
    broken: { truncated: 1 },
    kept: "a",
    at: "b,",
  },
  {
    title: "a row that is cut off inside quotes",
    rows: [row("a"), '"b,GET,v2'],
    broken: { truncated: 1 },
    kept: "a",
    at: '"b',
  },
  {
    title: "a line beyond 1 MiB",
    rows: [row("a"), `b${"b".repeat(3 << 20)}`, row("c")],
    broken: { too_long: 1 },
    kept: "ac",
    at: "bb",
  },
  {
    title: "a quote without its end and more than 1 MiB behind it",
    rows: [row("a"), `"b`, ...Array.from({ length: 26_000 }, () => row("c"))],
    broken: { too_long: 1 },
    kept: `a${"c".repeat(26_000)}`,
    at: '"b',
  },
]) {
  test(`CSV: ${title} costs one row`, async (t) => {
    const csv = [header, ...rows].join("\n");
    const { records, account } = await readText(t, csv);
    assert.deepEqual(account.broken, broken);
    assert.equal(records.map(({ id }) => id).join(""), kept);
    assert.equal(account.read, sumOf(account));
    const [sample] = account.brokenSamples;
    assert.deepEqual([sample?.line, sample?.offset], [line, csv.indexOf(at, header.length)]);
  });
}

for (const end of ["\n", "\r\n", "\r"]) {
  test(`CSV: rows end in ${JSON.stringify(end)}, and blank lines are none`, async (t) => {
    const bad = row("c").replace("2017", "then");
    const { records, account } = await readText(
      t,
      [header, "", row("a"), bad, row('"b ""b"""'), ""].join(end),
    );
    assert.equal(records.map(({ id }) => id).join(" "), 'a b "b"');
    assert.deepEqual(
      account.brokenSamples.map(({ row: number, line }) => [number, line]),
      [[2, 4]],
    );
  });
}

test("CSV that is packed and cut gives its complete rows and one truncated error", async (t) => {
  const ids = Array.from({ length: 3000 }, (_, n) => `${n * 2654435761}`);
  const packed = gzipSync([header, ...ids.map(row)].join("\n"));
  const { records, account } = await readText(t, packed.subarray(0, packed.length / 2));
  assert.deepEqual(account.broken, { truncated: 1 });
  assert.ok(records.length > 500, `${records.length} records`);
});

for (const [form, pack] of [
  ["plain", (text: string) => text],
  ["packed", gzipSync],
] as const) {
  test(`a ${form} list of URIs with a line beyond 1 MiB loses that line`, async (t) => {
    const list = ["v2/a/blobs/x", `v2/${"y".repeat(3 << 20)}`, "v2/a/blobs/z", ""].join("\n");
    const { records, account } = await readText(t, pack(list), { allowUriList: true });
    assert.deepEqual(account.broken, { too_long: 1 });
    assert.deepEqual(
      records.map(({ ref, origin }) => [ref, origin.row]),
      [
        ["x", 1],
        ["z", 3],
      ],
    );
  });
}
