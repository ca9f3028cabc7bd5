import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import fc from "fast-check";
import { contentDigest } from "../../../src/registry/content.ts";
import {
  ROW_BYTES_AT,
  rowAtBehind,
  TARGET_AT,
  TARGET_BYTES_AT,
} from "../../../src/ring/operation-record.ts";
import { allocateRing, RingConsumer, RingProducer } from "../../../src/ring/record-ring.ts";
import { ByteMap } from "../../../src/trace/byte-map.ts";
import { openTrace } from "../../../src/trace/open-trace.ts";
import { UriMap } from "../../../src/trace/uri-map.ts";
import type { RunFeedPlan } from "../../../src/workers/feed-plan.ts";
import { OperationFeed } from "../../../src/workers/feeder/operation-feed.ts";
import { RunSource } from "../../../src/workers/feeder/run-source.ts";
import { allocateOrders, RunOrders } from "../../../src/workers/run-orders.ts";
import { folderFor, nativeAt } from "../../trace/fixtures.ts";

type Given = {
  readonly uri: string;
  readonly method?: string;
  readonly client?: string;
  readonly size?: number;
  readonly range?: string;
};

const RING_BYTES = 1024 * 1024;
const WARM = contentDigest({ seed: "0", key: "warm", size: 1, random: false });
const warmHex = WARM.toString("hex");

/** Feeds these records from a trace file into one ring; every GET is in the map. Returns what would be sent. */
async function feed(
  test: TestContext,
  given: readonly Given[],
  changes: Partial<RunFeedPlan> & {
    readonly moved?: readonly string[];
    readonly stopAt?: number;
  } = {},
) {
  const folder = folderFor(test);
  const lines = given.map(({ uri, method = "GET", client = "c", size = 100, range }, row) =>
    JSON.stringify(
      nativeAt(row, {
        "http.request.uri": uri,
        "http.request.method": method,
        "http.request.remoteaddr": client,
        "http.response.written": size,
        ...(range === undefined ? {} : { "http.request.range": range }),
      }),
    ),
  );
  writeFileSync(join(folder, "trace.ndjson"), lines.join("\n"));
  const trace = {
    location: folder,
    traces: ["trace.ndjson"],
    include: [
      "blob:GET",
      "blob:PUT",
      "manifest:GET",
      "manifest:PUT",
      "manifest:HEAD",
      "ping",
    ] as const,
  };
  const map = new UriMap();
  for (const { uri } of given) {
    const bytes = Buffer.from(uri);
    map.set(bytes, 0, bytes.length, WARM);
  }
  const movedTags = new ByteMap();
  for (const uri of changes.moved ?? []) movedTags.add(Buffer.from(uri), 0, Buffer.byteLength(uri));
  const memory = allocateRing(RING_BYTES);
  const orders = new RunOrders(allocateOrders(1));
  const skipped: Record<string, string[]> = {};
  const operations = new OperationFeed([new RingProducer(memory)], orders, () => {});
  const source = new RunSource(
    planOf(changes),
    { map, movedTags },
    {
      skipped(record, _seq, reason) {
        skipped[reason] ??= [];
        skipped[reason].push(record.uri);
      },
      planned: (_record, { seq }) => {
        if (seq === changes.stopAt) orders.stop();
      },
      due: () => {},
      isCut: () => orders.isCut(),
    },
    operations,
  );
  const stream = await openTrace(trace);
  const complete = source.run(stream);
  operations.close();
  return { complete, skipped, sent: readOperations(memory), operations: source.operations };
}

const planOf = (changes: Partial<RunFeedPlan>): RunFeedPlan => ({
  kind: "run",
  trace: { location: ".", traces: [] },
  endpoints: [
    {
      style: { hostHeader: "r:1", userAgent: "u", keepAlive: true },
      pathPrefix: "",
      namePrefix: "",
    },
  ],
  seed: "0",
  random: false,
  identity: "uri",
  repository: "traced",
  manifests: "manifest",
  threads: 1,
  map: "map.json",
  unmapped: "put",
  wait: false,
  speed: 1,
  nodes: 1,
  route: false,
  slots: 0,
  sessions: false,
  registryChoice: "random",
  verify: true,
  runId: "id",
  dryRun: false,
  ...changes,
});

/** Everything that a ring holds. */
function readOperations(memory: SharedArrayBuffer) {
  const ring = new RingConsumer(memory);
  const { bytes } = ring;
  const all: { target: string; row: { uri: string; client: string | null } }[] = [];
  for (let at = ring.peek(); at >= 0; at = ring.peek()) {
    const targetBytes = bytes.readUInt16LE(at + TARGET_BYTES_AT);
    const rowAt = at + rowAtBehind(targetBytes);
    const row = bytes.toString("utf8", rowAt, rowAt + bytes.readUInt16LE(at + ROW_BYTES_AT));
    const target = bytes.toString("latin1", at + TARGET_AT, at + TARGET_AT + targetBytes);
    all.push({ target, row: JSON.parse(`{${row}}`) });
    ring.take();
  }
  return all;
}

const hostile = [
  { what: "a space", name: "a b" },
  { what: "a line end", name: "a\r\nHost: x" },
  { what: "another request", name: "a HTTP/1.1\r\n\r\nDELETE /v2/b" },
  { what: "a NUL", name: "a\u0000b" },
  { what: "a DEL", name: "a\u007fb" },
  { what: "letters beyond ASCII", name: "bücher" },
  { what: "a query", name: "a?b=c" },
  { what: "a fragment", name: "a#b" },
  { what: "an encoded slash", name: "a%2Fb" },
  { what: "a backslash", name: "a\\b" },
  { what: "a parent folder", name: "a/../b" },
  { what: "a parent folder first", name: "../b" },
  { what: "a folder itself", name: "a/./b" },
  { what: "an empty component", name: "a//b" },
] as const;

for (const { what, name } of hostile) {
  test(`run source: a name with ${what} is unaddressable where names are sent, and fine elsewhere`, async (t) => {
    const uris = [`v2/${name}/blobs/00`, `v2/${name}/manifests/00`];
    const given = uris.flatMap((uri) => ["GET", "PUT"].map((method) => ({ uri, method })));
    const traced = await feed(t, given);
    assert.deepEqual(traced.sent, []);
    assert.deepEqual(Object.keys(traced.skipped), ["unaddressable"]);
    assert.equal(traced.skipped.unaddressable?.length, given.length);
    const single = await feed(t, given, { repository: "single" });
    assert.deepEqual(single.skipped, {});
    assert.equal(single.sent.length, given.length);
    for (const { target } of single.sent) assert.match(target, /^(GET )?\/v2\/test_repo[/ -~]*/);
  });

  test(`run source: a tag with ${what} is unaddressable, a blob of that name goes by digest`, async (t) => {
    const ref = name.replaceAll("/", "");
    if (/^[a-z.]{2,}$/.test(ref)) return;
    const { sent, skipped } = await feed(t, [
      { uri: `v2/lib/manifests/${ref}` },
      { uri: `v2/lib/blobs/${ref}` },
    ]);
    assert.equal(sent.length, 1);
    assert.match(
      sent[0]?.target ?? "",
      new RegExp(`^GET /v2/lib/blobs/sha256:${warmHex} HTTP/1.1\r\n`),
    );
    assert.deepEqual(skipped, { unaddressable: [`v2/lib/manifests/${ref}`] });
  });
}

test("run source: a read of a part asks for it in one more line, its neighbours do not", async (t) => {
  const blob = { uri: "v2/lib/blobs/00" };
  const { sent } = await feed(t, [
    blob,
    { ...blob, range: "bytes=0-9" },
    blob,
    { uri: "v2/lib/manifests/v1", range: "bytes=-5" },
  ]);
  const [whole = "", part = "", again = "", manifest = ""] = sent.map(({ target }) => target);
  assert.match(
    whole,
    /^GET \/v2\/lib\/blobs\/sha256:[^\n]*\r\nHost: r:1\r\nUser-Agent: u\r\n\r\n$/,
  );
  assert.equal(part, whole.replace(/\r\n$/, "Range: bytes=0-9\r\n\r\n"));
  assert.equal(again, whole);
  assert.match(manifest, /^GET \/v2\/lib\/manifests\/v1 .*\r\nRange: bytes=-5\r\n\r\n$/s);
});

test("run source: whatever a trace says, what is sent is one request line and the fields of ours", async (t) => {
  const part = fc.oneof(
    fc.string({ unit: "binary-ascii" }),
    fc.string({ unit: "grapheme" }),
    fc.constantFrom("..", ".", "a", "", "manifests", "blobs", "\r\n\r\n", " HTTP/1.1"),
  );
  const uri = fc
    .tuple(
      fc.array(part, { minLength: 1, maxLength: 4 }),
      fc.constantFrom("blobs", "manifests"),
      part,
    )
    .map(([name, kind, ref]) => `v2/${name.join("/")}/${kind}/${ref}`);
  await fc.assert(
    fc.asyncProperty(
      fc.array(uri, { minLength: 1, maxLength: 5 }),
      fc.constantFrom("single", "traced"),
      async (uris, repository) => {
        const { sent, skipped } = await feed(
          t,
          [{ uri: "v2" }, ...uris.map((one) => ({ uri: one }))],
          {
            repository,
          },
        );
        const left = Object.values(skipped).reduce((sum, { length }) => sum + length, 0);
        assert.ok(sent.length + left <= uris.length + 1);
        for (const { target } of sent) {
          assert.match(
            target,
            /^(GET|HEAD) \/v2\/[!-~]* HTTP\/1\.1\r\nHost: r:1\r\nUser-Agent: u\r\n(Accept: [ -~]*\r\n)?\r\n$/,
          );
          assert.doesNotMatch(target, /^[A-Z]+ [^ ]*(\/\.\.?\/|\/\/|\?|#)/);
        }
      },
    ),
    { numRuns: 20 },
  );
});

for (const { what, given } of [
  { what: "a uri of 9 KiB", given: { uri: `v2/${"a".repeat(9 * 1024)}/blobs/00` } },
  { what: "a client of 3 KiB", given: { uri: "v2/a/blobs/00", client: "c".repeat(3 * 1024) } },
  {
    what: "a manifest of 300 KiB",
    given: { uri: "v2/a/manifests/00", method: "PUT", size: 300 * 1024 },
  },
] as const) {
  test(`run source: ${what} is oversized`, async (t) => {
    const { sent, skipped } = await feed(t, [given, { uri: "v2/a/blobs/11" }]);
    assert.deepEqual(Object.keys(skipped), ["oversized"]);
    assert.equal(sent.length, 1);
  });
}

test("run source: the longest uri and client, every byte escaped, fit the record", async (t) => {
  const uri = `v2/a/blobs/${"\u0001".repeat(8 * 1024 - 11)}`;
  const client = "\u0002".repeat(2 * 1024);
  const { sent } = await feed(t, [{ uri, client }]);
  assert.deepEqual([sent[0]?.row.uri, sent[0]?.row.client], [uri, client]);
});

test("run source: tags that the trace moves are got by digest, references that are no tags always", async (t) => {
  const moved = "v2/lib/manifests/moved";
  const { sent } = await feed(
    t,
    [
      { uri: moved },
      { uri: "v2/lib/manifests/kept" },
      { uri: moved, method: "HEAD" },
      { uri: "v2/lib/manifests/sha256:00" },
      { uri: "v2/lib/manifests/sha256:00", method: "PUT" },
      { uri: moved, method: "PUT" },
    ],
    { moved: [moved] },
  );
  const paths = sent.map(({ target }) => target.split(" HTTP/1.1")[0] ?? "");
  const byDigest = `/v2/lib/manifests/sha256:${warmHex}`;
  const [first, second, third, fourth, fifth, sixth] = paths;
  assert.deepEqual(
    [first, second, third, fourth],
    [`GET ${byDigest}`, "GET /v2/lib/manifests/kept", `HEAD ${byDigest}`, `GET ${byDigest}`],
  );
  assert.match(fifth ?? "", /^\/v2\/lib\/manifests\/sha256:[0-9a-f]{64}$/);
  assert.notEqual(fifth, byDigest, "a PUT has content of its own");
  assert.equal(sixth, "/v2/lib/manifests/moved");
});

test("run source: what a stop leaves unsent is skipped as interrupted, every record of it", async (t) => {
  const given = Array.from({ length: 200 }, (_, n) => ({ uri: `v2/lib/blobs/${n}` }));
  const { complete, sent, skipped, operations } = await feed(t, given, { stopAt: 40 });
  assert.equal(complete, false);
  assert.ok(sent.length >= 41 && sent.length < 41 + 64, `${sent.length} were under way`);
  assert.equal(operations, sent.length);
  assert.equal(skipped.interrupted?.length, given.length - sent.length);
});
