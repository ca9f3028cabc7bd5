import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { Kind } from "../../src/core/operation.ts";
import { openTrace } from "../../src/trace/open-trace.ts";
import type { TraceRecord } from "../../src/trace/record.ts";
import { contents, folderWith, type Native, readAll, samplePath } from "./fixtures.ts";

const JSON_SAMPLE = "dal09_blobs_sample.reconstructed.json";
const CSV_SAMPLE = "dal09_blobs_sample.csv";
const URI_SAMPLE = "ibm_docker_trace_725k.csv.zst";

const distinct = (values: readonly unknown[]): number => new Set(values).size;
const sum = (values: readonly number[]): number =>
  values.reduce((total, value) => total + value, 0);

/** Records with equal arrivals may change places between forms: they are put in the order of their ids. */
function upToTies(records: readonly TraceRecord[]): Omit<TraceRecord, "origin" | "seq">[] {
  const plain = contents(records).map(({ seq: _seq, ...rest }) => rest);
  return plain.sort((a, b) => a.arrival - b.arrival || (a.id ?? "").localeCompare(b.id ?? ""));
}

test("the facts of the published sample come out", async (t) => {
  const path = samplePath(t, JSON_SAMPLE);
  if (path === undefined) return;
  const { records, account } = await readAll({ traces: [path] });
  assert.equal(records.length, 999);
  assert.equal(distinct(records.map(({ host }) => host)), 6);
  assert.equal(distinct(records.map(({ client }) => client)), 36);
  assert.equal(distinct(records.map(({ uri }) => uri)), 566);
  assert.equal(distinct(records.map(({ ref }) => ref)), 554);
  assert.equal(distinct(records.map(({ id }) => id)), 999);
  assert.equal(sum(records.map(({ size }) => size)), 11_238_343_013);
  assert.equal(Math.min(...records.map(({ size }) => size)), 32);
  assert.equal(Math.max(...records.map(({ size }) => size)), 690_363_128);
  assert.deepEqual([account.read, account.kept, account.defaulted], [999, 999, {}]);
});

test("every field of every record equals what JSON.parse finds", async (t) => {
  const path = samplePath(t, JSON_SAMPLE);
  if (path === undefined) return;
  const parsed: Native[] = JSON.parse(readFileSync(path, "utf8"));
  const { records } = await readAll({ traces: [path] });
  const back = ({
    host,
    duration,
    method,
    client,
    uri,
    userAgent,
    status,
    size,
    id,
    arrival,
  }: TraceRecord) => ({
    host,
    "http.request.duration": duration,
    "http.request.method": method,
    "http.request.remoteaddr": client,
    "http.request.uri": uri,
    "http.request.useragent": userAgent,
    "http.response.status": status,
    "http.response.written": size,
    id,
    timestamp: new Date(arrival * 1000).toISOString(),
  });
  assert.deepEqual(records.map(back), parsed);
});

test("the table and the JSON form of the sample are the same records, with their own places", async (t) => {
  const json = samplePath(t, JSON_SAMPLE);
  const csv = samplePath(t, CSV_SAMPLE);
  if (json === undefined || csv === undefined) return;
  const fromJson = await readAll({ traces: [json] });
  const fromCsv = await readAll({ traces: [csv] });
  assert.deepEqual(contents(fromCsv.records), contents(fromJson.records));
  assert.equal(fromCsv.account.files[0]?.format, "csv");
  const bytes = readFileSync(csv);
  for (const { origin, uri } of fromCsv.records) {
    const line = bytes.toString("utf8", origin.offset, bytes.indexOf(10, origin.offset));
    assert.ok(line.includes(uri), `row ${origin.row} stands at its offset`);
  }
});

test("a sample reversed, shuffled, split, compressed or one object a line yields the same sequence", async (t) => {
  const path = samplePath(t, JSON_SAMPLE);
  if (path === undefined) return;
  const parsed: Native[] = JSON.parse(readFileSync(path, "utf8"));
  const shuffled = parsed.map((_, place) => parsed[(place * 500) % parsed.length] as Native);
  const lines = (records: Native[]) =>
    records.map((record) => `${JSON.stringify(record)}\n`).join("");
  const forms: Record<string, Record<string, string | Buffer>> = {
    reversed: { "a.json": JSON.stringify(parsed.toReversed()) },
    shuffled: { "a.json": JSON.stringify(shuffled) },
    split: {
      "a.json": JSON.stringify(shuffled.slice(0, 300)),
      "b.json": JSON.stringify(shuffled.slice(300, 301)),
      "c.json": JSON.stringify(shuffled.slice(301)),
      "d.json": "[]",
    },
    gzip: { "a.json": gzipSync(JSON.stringify(shuffled)) },
    zstd: { "a.json": zstdCompressSync(JSON.stringify(shuffled)) },
    "gzip of two members": {
      "a.json": Buffer.concat([
        gzipSync(lines(shuffled.slice(0, 400))),
        gzipSync(lines(shuffled.slice(400))),
      ]),
    },
    "zstd of two frames and one to skip": {
      "a.json": Buffer.concat([
        Buffer.from([0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3]),
        zstdCompressSync(lines(shuffled.slice(0, 400))),
        zstdCompressSync(lines(shuffled.slice(400))),
      ]),
    },
    lines: { "a.json": lines(shuffled) },
    "lines behind a byte order mark": { "a.json": `\ufeff${lines(shuffled)}` },
    "array behind a byte order mark": { "a.json": `\ufeff${JSON.stringify(shuffled)}` },
    "pretty printed": { "a.json": JSON.stringify(shuffled, null, 2) },
    "keys in another order": {
      "a.json": JSON.stringify(
        shuffled.map((record) => Object.fromEntries(Object.entries(record).toReversed())),
      ),
    },
    "with further keys": {
      "a.json": JSON.stringify(
        shuffled.map((record) => ({ data: [{ id: "x", "a}": "{" }, null], ...record, more: true })),
      ),
    },
  };
  const expected = upToTies((await readAll({ traces: [path] })).records);
  for (const [form, files] of Object.entries(forms)) {
    await t.test(form, async (t) => {
      const { records, account } = await readAll({ traces: [folderWith(t, files)] });
      const arrivals = records.map(({ arrival }) => arrival);
      assert.deepEqual(
        arrivals,
        arrivals.toSorted((a, b) => a - b),
      );
      assert.deepEqual(upToTies(records), expected);
      assert.deepEqual([account.read, account.kept], [999, 999]);
    });
  }
});

test("the list of uris is read only where it is asked for, and its facts come out", async (t) => {
  const path = samplePath(t, URI_SAMPLE);
  if (path === undefined) return;
  await assert.rejects(readAll({ traces: [path] }), /list of URIs without times/);
  const include = ["blob:GET", "manifest:GET", "ping"] as const;
  const stream = await openTrace({ traces: [path], allowUriList: true, include });
  const counts = new Map<string, number>();
  const latest = Buffer.from("817c8a39");
  let latestCount = 0;
  const { view } = stream;
  while (stream.next()) {
    counts.set(view.kindName, (counts.get(view.kindName) ?? 0) + 1);
    const isLatest =
      view.kind === Kind.manifest && latest.compare(view.buffer, view.refAt, view.refEnd) === 0;
    if (isLatest) latestCount++;
    assert.equal(view.row, stream.seq + 1);
  }
  assert.equal(stream.account.read, 725_242);
  assert.deepEqual(Object.fromEntries(counts), { ping: 333_358, blob: 259_274, manifest: 132_610 });
  assert.equal(latestCount, 64_976);
});
