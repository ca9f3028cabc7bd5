import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { UsageError } from "../../../src/core/errors.ts";
import { describeTrace, type TraceDescription } from "../../../src/trace/info/describe-trace.ts";
import { synthesize } from "../../../src/trace/synth/synthesize.ts";
import { folderFor, folderWith, type Native, native, nativeAt, without } from "../fixtures.ts";
import { described, describedFiles, MANIFEST_FLOOR } from "./described.ts";

const method = (name: string): Native => ({ "http.request.method": name });
const uri = (text: string): Native => ({ "http.request.uri": text });
const size = (bytes: number): Native => ({ "http.response.written": bytes });
const from = (client: string): Native => ({ "http.request.remoteaddr": client });
const took = (seconds: number): Native => ({ "http.request.duration": seconds });

const blob = (ref: string, name = "a/b"): Native => uri(`v2/${name}/blobs/${ref}`);
const manifest = (ref: string, name = "a/b"): Native => uri(`v2/${name}/manifests/${ref}`);
const upload = uri("v2/a/b/blobs/uploads/77");

test("every record read is kept, folded, filtered or broken, and broken ones have their places", async (t) => {
  const text = `[${[
    JSON.stringify(native()),
    JSON.stringify(native(method("POST"))),
    JSON.stringify(native(uri("v2"))),
    JSON.stringify(native(method("DELETE"))),
    JSON.stringify(native(size(0))),
    JSON.stringify(without(native(), "timestamp")),
    JSON.stringify(native(took(-1))),
    JSON.stringify(native({ id: 7 })),
    JSON.stringify(native({ "http.request.duration": "1e999" })),
    JSON.stringify(native({ timestamp: "yesterday" })),
    '{"broken": ',
  ].join("\n,")}`;
  const folder = folderWith(t, { "trace.json": text });
  const { account } = await describedFiles([folder]);
  assert.equal(account.read, 11);
  assert.equal(account.kept, 1);
  assert.equal(account.folded, 1);
  assert.deepEqual(account.filtered, { kind: 1, method: 1, size_not_positive: 1 });
  assert.deepEqual(account.broken, {
    "missing:timestamp": 1,
    negative_duration: 1,
    "type:id": 1,
    "type:http.request.duration": 1,
    timestamp: 1,
    truncated: 1,
  });
  const places = account.brokenSamples.map(({ reason, row, line }) => [reason, row, line]);
  assert.deepEqual(places[0], ["missing:timestamp", 6, 6]);
  assert.deepEqual(places.at(-1), ["truncated", 11, 11]);
});

test("what is missing takes its default and is counted, and a strict reading stops", async (t) => {
  const records = [without(native(), "id"), without(native(), "http.request.useragent")];
  const { account, agents } = await described(t, records);
  assert.deepEqual(account.defaulted, { id: 1, "http.request.useragent": 1 });
  assert.equal(agents.shareWithout, 0.5);
  const broken = [native(), native({ timestamp: "never" })];
  await assert.rejects(described(t, broken, { strict: true }), UsageError);
});

test("a trace without a sound record is refused with the counts", async (t) => {
  await assert.rejects(described(t, [native({ timestamp: "never" })]), /no sound record: read 1/);
  await assert.rejects(described(t, []), /no sound record: read 0/);
});

test("ids that come again and keys that mean nothing are found", async (t) => {
  const { account } = await described(t, [
    native({ data: { nested: "}" }, id: "ed29d65dbd" }),
    native({ id: "ed29d65dbd" }),
    native({ id: "not hexadecimal at all" }),
    native({ id: "not hexadecimal at all", "@version": 1 }),
    native({ id: "0" }),
  ]);
  assert.equal(account.duplicateIds, 2);
  assert.deepEqual(account.extraKeys, { data: 1, "@version": 1 });
});

for (const { name, content, wanted } of [
  {
    name: "blanks between keys and values are none",
    content: JSON.stringify([native()], null, 2),
    wanted: {},
  },
  {
    name: "a key in front, with a blank before it",
    content: `[{ "data":1,${JSON.stringify(native()).slice(1)}]`,
    wanted: { data: 1 },
  },
  {
    name: "a column of CSV, in every row",
    content: `http.request.method,http.request.uri,timestamp,data\nGET,v2,2017-06-20 02:41:18,5\n`,
    wanted: { data: 1 },
  },
  {
    name: "a range is none",
    content: JSON.stringify([native({ "http.request.range": "bytes=0-9", data: 1 })]),
    wanted: { data: 1 },
  },
]) {
  test(`unknown keys: ${name}`, async (t) => {
    const { account } = await describedFiles([folderWith(t, { "trace.json": content })]);
    assert.deepEqual(account.extraKeys, wanted);
  });
}

test("records are counted by method, kind and status, and URIs by segments", async (t) => {
  const { requests } = await described(t, [
    native(),
    native(),
    native(uri("v2/")),
    native({ ...method("patch"), ...upload, "http.response.status": 202 }),
    native({ ...method("BREW"), ...uri("v2/a/b/c/d/manifests/x") }),
  ]);
  assert.deepEqual(requests.classes, [
    { method: "GET", kind: "blob", status: 200, records: 2 },
    { method: "GET", kind: "ping", status: 200, records: 1 },
    { method: "PATCH", kind: "upload", status: 202, records: 1 },
    { method: "other", kind: "manifest", status: 200, records: 1 },
  ]);
  assert.deepEqual(requests.segments, [
    { segments: 1, records: 1 },
    { segments: 5, records: 2 },
    { segments: 7, records: 1 },
  ]);
  assert.equal(requests.pingShare, 0.2);
});

test("objects are told apart by digest, tag and name, and their top lists carry bytes", async (t) => {
  const { distinct, sizes, popularity } = await described(t, [
    native({ ...blob("x"), ...size(10) }),
    native({ ...blob("x", "other"), ...size(10) }),
    native({ ...blob("y"), ...size(30) }),
    native({ ...blob("y"), ...size(31), ...from("second") }),
    native({ ...manifest("latest"), ...size(500) }),
    native({ ...manifest("latest", "other"), ...size(500) }),
    native({ ...method("HEAD"), ...blob("x"), ...size(10) }),
  ]);
  assert.deepEqual(
    [distinct.names, distinct.blobs, distinct.manifests, distinct.clients, distinct.uris],
    [2, 2, 2, 2, 5],
  );
  assert.deepEqual([distinct.sharedBlobs, distinct.differingSizes], [1, 1]);
  assert.deepEqual(distinct.top.blobs, [
    { key: "x", records: 3, bytes: 20 },
    { key: "y", records: 2, bytes: 61 },
  ]);
  const gets = sizes.find(({ method: of, kind }) => of === "GET" && kind === "blob");
  assert.deepEqual([gets?.records, gets?.sum, gets?.distinctBytes], [4, 81, 40]);
  assert.deepEqual(
    [popularity.reference?.key, popularity.reference?.share, popularity.refetches],
    ["latest", 1, 1],
  );
});

test("of an object that was read in part first, the whole counts", async (t) => {
  const { sizes, warmup } = await described(t, [
    native({ ...blob("x"), ...size(10), "http.response.status": 206 }),
    native({ ...blob("x"), ...size(100) }),
    native({ ...blob("x"), ...size(100) }),
  ]);
  assert.equal(sizes[0]?.distinctBytes, 100);
  assert.deepEqual(warmup.identity.uri, { objects: 1, bytes: 100 });
});

test("a warm-up goes by what GETs say of a size, whatever a HEAD said before", async (t) => {
  const { warmup, distinct } = await described(t, [
    native({ ...method("HEAD"), ...manifest("latest"), ...size(700) }),
    native({ ...manifest("latest"), ...size(800) }),
    native({ ...manifest("latest"), ...size(900) }),
  ]);
  assert.deepEqual(warmup.identity.uri, { objects: 1, bytes: 800 });
  assert.equal(distinct.differingSizes, 1);
});

test("escaped texts are the same texts", async (t) => {
  const folder = folderWith(t, {
    "trace.json": JSON.stringify([native()]).replaceAll("blobs", "blo\\u0062s"),
    "other.json": JSON.stringify([native()]),
  });
  const { distinct } = await describedFiles([folder]);
  assert.deepEqual([distinct.uris, distinct.blobs], [1, 1]);
});

test("a burst whose requests end one after the other shows that timestamps are ends", async (t) => {
  const burst = Array.from({ length: 30 }, (_, place) =>
    nativeAt(10 + place, { ...took(9 + place), ...blob(`layer${place}`) }),
  );
  const { arrivals, rate } = await described(t, burst);
  assert.equal(arrivals?.recommended, "start");
  assert.match(arrivals?.because ?? "", /^timestamps are ends: 100\.0 %/);
  assert.equal(rate?.concurrency.max, 30);
  assert.equal(rate?.first, "2017-06-20T00:00:01.000Z");
});

test("a burst whose requests begin together shows that timestamps are starts", async (t) => {
  const burst = Array.from({ length: 30 }, (_, place) =>
    nativeAt(10, { ...took(1 + place), ...blob(`layer${place}`) }),
  );
  const { arrivals } = await described(t, burst);
  assert.equal(arrivals?.recommended, "timestamp");
  assert.match(arrivals?.because ?? "", /^timestamps are starts/);
});

test("few requests are no evidence", async (t) => {
  const { arrivals } = await described(t, [native(), native()]);
  assert.equal(arrivals?.recommended, "timestamp");
  assert.match(arrivals?.because ?? "", /^too few/);
});

test("rates come in minutes and hours, peaks with their starts", async (t) => {
  const seconds = [0, 1, 59, 60, 3600, 3601, 3602, 3603];
  const { rate } = await described(
    t,
    seconds.map((second) => nativeAt(second, took(0))),
  );
  assert.deepEqual(
    rate?.minutes.map(({ records }) => records),
    [3, 1, 4],
  );
  assert.deepEqual(
    rate?.hours.map(({ records, kept }) => [records, kept]),
    [
      [4, 4],
      [4, 4],
    ],
  );
  assert.deepEqual(rate?.peakMinute, { start: "2017-06-20T01:00:00.000Z", records: 4 });
  assert.equal(rate?.seconds, 3603);
});

test("layers follow manifests within a minute, GETs follow PUTs of the same name and size", async (t) => {
  const { correlation } = await described(
    t,
    [
      nativeAt(0, manifest("v1")),
      nativeAt(30, blob("x")),
      nativeAt(31, { ...blob("x"), ...from("another client") }),
      nativeAt(61, blob("y")),
      nativeAt(100, { ...method("PUT"), ...upload, ...size(77) }),
      nativeAt(101, { ...method("PUT"), ...upload, ...size(78) }),
      nativeAt(110, { ...blob("z"), ...size(77) }),
      nativeAt(111, { ...blob("z", "elsewhere"), ...size(78) }),
    ].map((record) => ({ ...record, ...took(0) })),
  );
  assert.deepEqual(correlation, {
    layerGets: 5,
    afterManifest: 1,
    puts: 2,
    followedPuts: 1,
    followedAfterSeconds: 10,
  });
});

test("a warm-up pushes what GETs name, once for each URI or once for each digest", async (t) => {
  const { warmup } = await described(t, [
    native({ ...blob("x"), ...size(1000) }),
    native({ ...blob("x", "other"), ...size(1000) }),
    native({ ...blob("tiny"), ...size(3) }),
    native({ ...manifest("small"), ...size(MANIFEST_FLOOR - 1) }),
    native({ ...method("HEAD"), ...blob("unasked"), ...size(9) }),
  ]);
  assert.deepEqual(warmup, {
    uris: 4,
    sizeless: 0,
    below4Bytes: 1,
    belowManifestFloor: 1,
    identity: { uri: { objects: 4, bytes: 2448 }, digest: { objects: 3, bytes: 1448 } },
    largest: { uri: "v2/a/b/blobs/x", bytes: 1000 },
    manifestFloor: MANIFEST_FLOOR,
  });
});

/** What does not depend on the order of the records, nor on the form of the files. */
const orderless = ({ files: _files, holes: _holes, ...rest }: TraceDescription) => ({
  ...rest,
  // Equals stand in order of appearance.
  distinct: { ...rest.distinct, top: undefined },
  agents: rest.agents.distinct,
});

test("shuffled, split, packed, and sorted through files: the same description", async (t) => {
  const outDir = folderFor(t);
  const { files } = await synthesize({ outDir, records: 4000, seed: "forms" });
  const paths = files.map(({ path }) => path);
  const whole = await describedFiles(paths);
  const records: Native[] = paths.flatMap((path) => JSON.parse(readFileSync(path, "utf8")));
  const turned = records.toReversed();
  const folder = folderWith(t, {
    "a.json": JSON.stringify(turned.slice(0, 1000)),
    "b.json.gz": gzipSync(
      turned
        .slice(1000)
        .map((record) => JSON.stringify(record))
        .join("\n"),
    ),
  });
  const others = await describedFiles([folder], { memoryBytes: 1 << 14, tmpDir: folderFor(t) });
  const [one, other] = [orderless(whole), orderless(others)];
  assert.deepEqual({ ...one, warmup: null }, { ...other, warmup: null });
  assert.deepEqual(one.warmup.identity, other.warmup.identity);
});

test("an abort ends the reading", async (t) => {
  const folder = folderWith(t, { "trace.json": JSON.stringify([native()]) });
  const signal = AbortSignal.abort();
  await assert.rejects(
    describeTrace({ traces: [folder], manifestFloor: MANIFEST_FLOOR, signal }),
    /interrupted/,
  );
});
