import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { after, test } from "node:test";
import { gunzipSync, zstdDecompressSync } from "node:zlib";
import fc from "fast-check";
import { UsageError } from "../../src/core/errors.ts";
import { openTrace } from "../../src/trace/open-trace.ts";
import { briefProfile, defaultProfile } from "../../src/trace/synth/profile.ts";
import { type SynthOptions, synthesize } from "../../src/trace/synth/synthesize.ts";
import { includeTokens } from "../../src/trace/trace-options.ts";
import {
  digestOf,
  gaps,
  getsOf,
  mean,
  methodShare,
  nameOf,
  namesAndBlobs,
  quantile,
  ranking,
  readShard,
  type Synthetic,
  share,
  shareBelow,
  topShare,
} from "./synth-statistics.ts";

const scratch = mkdtempSync(join(tmpdir(), "drayage-synth-"));
after(() => rmSync(scratch, { recursive: true }));

type Wanted = Partial<SynthOptions> & { records: number };

async function make(wanted: Wanted) {
  const outDir = mkdtempSync(join(scratch, "trace-"));
  const { files, records, bytes } = await synthesize({ outDir, seed: 1, ...wanted });
  return { outDir, files, records, bytes, paths: files.map(({ path }) => path) };
}

const recordsOf = async (wanted: Wanted): Promise<Synthetic[]> =>
  (await make(wanted)).paths.flatMap(readShard);

const contents = (paths: readonly string[]) =>
  paths.map((path) => [basename(path), readFileSync(path, "utf8")]);

const all = await recordsOf({ records: 200_000, seed: "statistics" });
const blobGets = getsOf(all, "blob");
const manifestGets = getsOf(all, "manifest");
const objects = all.filter(({ kind }) => kind === "blob" || kind === "manifest");
const blobBytes = blobGets.map((get) => get["http.response.written"]);
const blobRanking = ranking(blobGets.map(digestOf));
const manifestRanking = ranking(manifestGets.map((get) => get["http.request.uri"]));
const { blobsOf, namesOf } = namesAndBlobs(blobGets);
const blobsPerName = [...blobsOf.values()].map(({ size }) => size);
const startGaps = gaps(blobGets.map(({ start }) => start));
const smallBlobs = blobGets
  .filter((get) => get["http.response.written"] < 100_000)
  .map((get) => get["http.request.duration"]);
const seconds =
  (all.reduce((last, { start }) => Math.max(last, start), 0) -
    all.reduce((first, { start }) => Math.min(first, start), Number.POSITIVE_INFINITY)) /
  1000;

// The table of section 7: what is measured on 200,000 records, what is wanted, and by how much it may be off.
for (const [property, measured, wanted, tolerance] of [
  ["records", all.length, 200_000, 0],
  ["share of GET", methodShare(all, "GET"), 0.7896, 0.01],
  ["share of HEAD", methodShare(all, "HEAD"), 0.1104, 0.01],
  ["share of PUT", methodShare(all, "PUT"), 0.0524, 0.01],
  ["share of POST", methodShare(all, "POST"), 0.0287, 0.01],
  ["share of PATCH", methodShare(all, "PATCH"), 0.0189, 0.01],
  ["share of v2 among GETs", getsOf(all, "ping").length / getsOf(all).length, 0.46, 0.01],
  ["share of blobs among GETs", blobGets.length / getsOf(all).length, 0.357, 0.01],
  ["share of manifests among GETs", manifestGets.length / getsOf(all).length, 0.183, 0.01],
  ["share of 301", share(all.map((r) => r["http.response.status"] === 301)), 0.0018, 0.0005],
  ["share of blob GETs below 1 MB", shareBelow(blobBytes, 1e6), 0.66, 0.04],
  ["share of blob GETs below 10 MB", shareBelow(blobBytes, 1e7), 0.805, 0.04],
  ["median blob GET", quantile(blobBytes, 0.5), 11_498, 1_150],
  ["p99 of blob GETs", quantile(blobBytes, 0.99), 117_907_225, 12e6],
  ["share of the top 1 blob", topShare(blobRanking, 1), 0.028, 0.01],
  ["share of the top 10 blobs", topShare(blobRanking, 10), 0.133, 0.01],
  ["share of the top 100 blobs", topShare(blobRanking, 100), 0.332, 0.04],
  ["share of the top 1,000 blobs", topShare(blobRanking, 1_000), 0.454, 0.04],
  ["share of blobs fetched once", share(blobRanking.map((n) => n === 1)), 0.68, 0.02],
  ["share of the top 1 manifest", topShare(manifestRanking, 1), 0.07, 0.01],
  ["share of the top 10 manifests", topShare(manifestRanking, 10), 0.421, 0.02],
  ["share of the top 100 manifests", topShare(manifestRanking, 100), 0.838, 0.04],
  ["share of manifests fetched once", share(manifestRanking.map((n) => n === 1)), 0.84, 0.02],
  [
    "share of the one reference",
    share(manifestGets.map((r) => digestOf(r) === "817c8a39")),
    0.49,
    0.04,
  ],
  ["p25 of blobs per name", quantile(blobsPerName, 0.25), 3, 1],
  ["median of blobs per name", quantile(blobsPerName, 0.5), 7, 2],
  ["p90 of blobs per name", quantile(blobsPerName, 0.9), 24, 6],
  [
    "share of blobs under several names",
    share([...namesOf.values()].map(({ size }) => size > 1)),
    0.14,
    0.02,
  ],
  [
    "share of 4 segments",
    share(objects.map(({ segments }) => segments.length === 4)),
    0.011,
    0.005,
  ],
  [
    "share of 5 segments",
    share(objects.map(({ segments }) => segments.length === 5)),
    0.985,
    0.005,
  ],
  [
    "share of 6 segments",
    share(objects.map(({ segments }) => segments.length === 6)),
    0.0033,
    0.003,
  ],
  [
    "share of 7 segments",
    share(objects.map(({ segments }) => segments.length === 7)),
    0.0007,
    0.0006,
  ],
  [
    "bursts: p50 of start gaps over their mean",
    quantile(startGaps, 0.5) / mean(startGaps),
    0.15,
    0.15,
  ],
  ["p50 of a small blob's duration", quantile(smallBlobs, 0.5), 0.9, 0.18],
  ["p90 of a small blob's duration", quantile(smallBlobs, 0.9), 1.1, 0.22],
  ["requests per second", all.length / seconds, 6.2, 1.2],
] as const) {
  test(`${property}: ${wanted} ± ${tolerance}`, () => {
    assert.ok(Math.abs(measured - wanted) <= tolerance, `measured ${measured}`);
  });
}

test("statuses follow the method", () => {
  const statuses = new Set(
    all.map((r) => `${r["http.request.method"]} ${r["http.response.status"]}`),
  );
  assert.deepEqual([...statuses].sort(), [
    "GET 200",
    "GET 206",
    "GET 301",
    "HEAD 200",
    "PATCH 202",
    "POST 201",
    "POST 202",
    "PUT 201",
  ]);
});

test("a digest has one size wherever it is fetched whole", () => {
  const sizes = new Map<string, number>();
  for (const get of blobGets.filter((r) => r["http.response.status"] === 200)) {
    const size = get["http.response.written"];
    assert.equal(sizes.get(digestOf(get)) ?? size, size);
    sizes.set(digestOf(get), size);
  }
});

test("sizes are whole and positive, ids, hosts and clients are as many as asked for", () => {
  assert.ok(blobBytes.every((size) => Number.isInteger(size) && size >= 32));
  assert.equal(new Set(all.map(({ id }) => id)).size, all.length);
  assert.equal(new Set(all.map(({ host }) => host)).size, defaultProfile.hosts);
  assert.ok(new Set(all.map((r) => r["http.request.remoteaddr"])).size <= defaultProfile.clients);
});

test("some user agents are absent, and some escape their parentheses", () => {
  const agents = new Set(all.map((r) => r["http.request.useragent"]));
  assert.ok(agents.has(undefined));
  assert.ok([...agents].some((agent) => agent?.includes("\\(linux\\)")));
});

const inOrder = all.toSorted((a, b) => a.start - b.start);
const byClient = Map.groupBy(inOrder, (r) => r["http.request.remoteaddr"]);

const isGet = ({ kind: is, ...record }: Synthetic, kind: string): boolean =>
  is === kind && record["http.request.method"] === "GET";

test("a manifest comes before the layers of a pull, and v2 before the manifest", () => {
  const led = [...byClient.values()].flatMap((requests) => {
    const asked = new Set<string>();
    let pinged = false;
    return requests.flatMap((request) => {
      pinged ||= isGet(request, "ping");
      const method = request["http.request.method"];
      if (request.kind === "manifest" && method !== "PUT")
        asked.add(`${nameOf(request)} ${pinged}`);
      return isGet(request, "blob") ? [asked.has(`${nameOf(request)} true`)] : [];
    });
  });
  // A client that keeps its manifests asks for none: few do.
  assert.equal(led.length, blobGets.length);
  assert.ok(share(led) > 0.97, `${share(led)} of the layers`);
});

test("most clients fetch few layers of a name at once, some know no limit", () => {
  const most = [...byClient.values()].map((requests) => {
    // Two pulls of one name may overlap, so twice the limit is no breach of it.
    const names = Map.groupBy(getsOf(requests, "blob"), nameOf).values();
    return Math.max(0, ...[...names].map(busiest));
  });
  const limited = most.filter((count) => count <= 2 * defaultProfile.parallelLayers);
  assert.ok(limited.length > 0.4 * most.length && limited.length < 0.9 * most.length);
});

/** Most requests that were under way at one instant. */
function busiest(requests: readonly Synthetic[]): number {
  const edges = requests.flatMap(({ start, end }) => [
    { at: start, by: 1 },
    { at: end, by: -1 },
  ]);
  edges.sort((a, b) => a.at - b.at || a.by - b.by);
  let now = 0;
  return edges.reduce((most, { by }) => {
    now += by;
    return Math.max(most, now);
  }, 0);
}

test("a new layer is a POST, a PATCH and a PUT of one upload, and its size that of a later GET", () => {
  const uploads = Map.groupBy(
    inOrder.filter(({ kind }) => kind === "upload"),
    (r) => r["http.request.uri"],
  );
  const later = new Map<string, number>();
  for (const get of blobGets) {
    const key = `${nameOf(get)} ${get["http.response.written"]}`;
    later.set(key, Math.max(later.get(key) ?? 0, get.start));
  }
  let layers = 0;
  let fetched = 0;
  for (const requests of uploads.values()) {
    const methods = requests.map((r) => r["http.request.method"]).join(" ");
    if (methods === "POST") continue;
    assert.equal(methods, "POST PATCH PUT");
    const put = requests.at(-1);
    assert.ok(put !== undefined);
    layers++;
    const key = `${nameOf(put)} ${put["http.response.written"]}`;
    if ((later.get(key) ?? 0) > put.end) fetched++;
  }
  assert.equal(layers, all.filter((r) => r["http.request.method"] === "PATCH").length);
  assert.ok(fetched / layers > 0.9, `${fetched} of ${layers} layers`);
});

test("about half of the pushes are followed within ten minutes by another client's pull", () => {
  const pulls = Map.groupBy(
    inOrder.filter((r) => r.kind === "blob" && r["http.request.method"] === "GET"),
    nameOf,
  );
  const puts = inOrder.filter((r) => r.kind === "manifest" && r["http.request.method"] === "PUT");
  const followed = puts.map((put) =>
    (pulls.get(nameOf(put)) ?? []).some(
      (get) =>
        get.start > put.end &&
        get.start < put.end + 610_000 &&
        get["http.request.remoteaddr"] !== put["http.request.remoteaddr"],
    ),
  );
  // Popular names are pulled all the time, with or without a push.
  assert.ok(share(followed) > 0.45 && share(followed) < 0.8, `${share(followed)}`);
});

test("the timestamp is the end: starts of one client lie close together, ends do not", () => {
  const near = (instant: (r: Synthetic) => number) => {
    const close = [...Map.groupBy(blobGets, (r) => r["http.request.remoteaddr"]).values()].flatMap(
      (requests) => gaps(requests.map(instant)).map((gap) => gap < 50),
    );
    return share(close);
  };
  assert.ok(near(({ start }) => start) > 2 * near(({ end }) => end));
});

test("equal options give equal bytes, another seed gives others", async () => {
  const [one, same, other] = await Promise.all([
    make({ records: 3_000 }),
    make({ records: 3_000 }),
    make({ records: 3_000, seed: 2 }),
  ]);
  assert.deepEqual(contents(one.paths), contents(same.paths));
  assert.notDeepEqual(contents(one.paths), contents(other.paths));
});

test("the bytes of a seed are those of every machine", async () => {
  const { paths } = await make({ records: 2_000, seed: "frozen" });
  const hash = createHash("sha256");
  for (const path of paths) hash.update(readFileSync(path));
  assert.equal(
    hash.digest("hex"),
    "07119c258bf455328d305757d889b5afaaef8dceff3cc50ae34025eacb8c7e4a",
  );
});

test("a shard is a shuffled array of flat records in the keys of the format", async () => {
  const { paths } = await make({ records: 5_000 });
  const [path = ""] = paths;
  const text = readFileSync(path, "utf8");
  assert.match(
    text,
    /^\[\{"host":"[0-9a-f]{8}","http\.request\.duration":[\d.]+,"http\.request\.method":"[A-Z]+","http\.request\.remoteaddr":"[0-9a-f]{8}","http\.request\.uri":"v2/,
  );
  assert.match(text, /"id":"[0-9a-f]{10}","timestamp":"2017-06-20T\d\d:\d\d:\d\d\.\d{3}Z"\}\]$/);
  const records = readShard(path);
  const rising = share(gapsInOrder(records.map(({ end }) => end)).map((gap) => gap > 0));
  assert.ok(rising > 0.45 && rising < 0.55, `${rising} of the neighbours ascend`);
});

const gapsInOrder = (values: readonly number[]): number[] =>
  values.slice(1).map((value, at) => value - (values[at] ?? 0));

test("shards are numbered within the day of their ends and overlap in time", async () => {
  const start = Date.UTC(2017, 6, 31, 23, 20);
  const { outDir, paths } = await make({
    records: 20_000,
    start,
    shardHours: 0.5,
    zone: "stage-dal09",
  });
  const folder = join(outDir, "data_centers/stage-dal09");
  assert.deepEqual(
    readdirSync(folder).sort().slice(0, 3),
    ["07.31-0", "07.31-1", "08.01-0"].map((day) => `stage-dal09-logstash-2017.${day}.json`),
  );
  const [first = [], second = [], third = []] = paths.toSorted().map(readShard);
  const span = (records: Synthetic[]) => {
    const ends = records.map(({ end }) => end);
    return { first: quantile(ends, 0), last: quantile(ends, 1) };
  };
  assert.ok(span(first).last > span(second).first);
  assert.ok(span(second).last < Date.UTC(2017, 7, 1));
  assert.ok(span(third).first >= Date.UTC(2017, 7, 1));
});

test("production zones carry that in the names of their files", async () => {
  const { paths } = await make({ records: 10, zone: "lon02" });
  assert.match(paths[0] ?? "", /data_centers\/lon02\/prod-lon02-logstash-2017\.06\.20-0\.json$/);
});

for (const { compression, ending, unpacked } of [
  { compression: "gzip", ending: ".json.gz", unpacked: gunzipSync },
  { compression: "zstd", ending: ".json.zst", unpacked: zstdDecompressSync },
] as const) {
  test(`${compression} shards hold what plain ones hold`, async () => {
    const plain = await make({ records: 500 });
    const packed = await make({ records: 500, compression });
    const [file] = packed.files;
    assert.ok(file !== undefined);
    assert.ok(file.path.endsWith(ending));
    assert.equal(file.bytes, readFileSync(file.path).length);
    assert.equal(
      unpacked(readFileSync(file.path)).toString(),
      readFileSync(plain.paths[0] ?? "", "utf8"),
    );
  });
}

test("any number of records is met exactly, whatever the mix", async () => {
  const weight = fc.integer({ min: 0, max: 5 });
  await fc.assert(
    fc.asyncProperty(
      fc.record({
        records: fc.integer({ min: 1, max: 400 }),
        seed: fc.nat(),
        methods: fc.record({ GET: weight, HEAD: weight, PUT: weight, POST: weight, PATCH: weight }),
        getKinds: fc.record({ ping: weight, blob: weight, manifest: weight }),
        clients: fc.integer({ min: 1, max: 3 }),
      }),
      async ({ records, seed, methods, getKinds, clients }) => {
        fc.pre(Object.values(methods).some(Boolean) && Object.values(getKinds).some(Boolean));
        const profile = { methods, getKinds, clients };
        const made = await recordsOf({ records, seed, profile });
        const total = Object.values(methods).reduce((a, b) => a + b, 0);
        assert.equal(made.length, records);
        for (const [method, count] of Object.entries(methods)) {
          const wanted = (records * count) / total;
          assert.ok(Math.abs(methodShare(made, method) * records - wanted) < 1);
        }
      },
    ),
    { numRuns: 60 },
  );
});

test("a brief trace ends soon after its last request, with small blobs", async () => {
  const profile = { ...briefProfile, requestsPerSecond: 200 };
  const made = await recordsOf({ records: 2_000, profile });
  const last = Math.max(...made.map(({ end }) => end));
  assert.ok(last - Date.UTC(2017, 5, 20) < 15_000);
  assert.ok(made.every((record) => record["http.response.written"] <= 2_097_152));
});

test("shards that are there are refused, and replaced by force", async () => {
  const outDir = mkdtempSync(join(scratch, "again-"));
  await synthesize({ outDir, records: 5_000, seed: 1, shardHours: 0.1 });
  await assert.rejects(
    synthesize({ outDir, records: 10, seed: 1 }),
    (error) => error instanceof UsageError && /already holds .* --force/.test(error.message),
  );
  const { files } = await synthesize({ outDir, records: 10, seed: 1, force: true });
  assert.equal(readdirSync(join(outDir, "data_centers/dal09")).length, files.length);
});

for (const [mistake, options, message] of [
  ["half a record", { records: 1.5 }, /records must be a whole number/],
  ["no records", { records: 0 }, /records must be a whole number/],
  ["a zone with a slash", { records: 1, zone: "../x" }, /zone must be lower-case letters/],
  ["shards of no hours", { records: 1, shardHours: 0 }, /shard-hours must be above 0/],
  ["a start before 1970", { records: 1, start: -1 }, /start must be a time/],
  [
    "a table that falls",
    {
      records: 1,
      profile: {
        blobBytes: [
          [0, 2],
          [0.5, 1],
        ],
      },
    },
    /blobBytes must ascend in both columns/,
  ],
  [
    "weights that are all nothing",
    { records: 1, profile: { getKinds: { ping: 0, blob: 0, manifest: 0 } } },
    /getKinds must hold weights/,
  ],
  [
    "a popularity without its first rank",
    { records: 1, profile: { blobPopularity: { topShares: [[10, 0.1]], once: 0.5 } } },
    /blobPopularity\.topShares must begin with the rank 1/,
  ],
  [
    "a popularity with a rank twice",
    {
      records: 1,
      profile: {
        blobPopularity: {
          topShares: [
            [1, 0.1],
            [1, 0.2],
          ],
          once: 0.5,
        },
      },
    },
    /blobPopularity\.topShares must have a rank once/,
  ],
  ["more clients than memory", { records: 1, profile: { clients: 1e9 } }, /clients must be at mo/],
  [
    "a rate of a record in a century",
    { records: 100, profile: { requestsPerSecond: 3e-10 } },
    /100 records at 3e-10\/s end after the year 9999: give a higher --rate/,
  ],
  [
    "a transfer of centuries",
    {
      records: 100,
      profile: { duration: { ...defaultProfile.duration, throughput: [[0, 1e-12]] } },
    },
    /a request ends after the year 9999/,
  ],
] as const) {
  test(`${mistake} is refused`, async () => {
    await assert.rejects(make(options), (error) => {
      return error instanceof UsageError && message.test(error.message);
    });
  });
}

test("the reader finds nothing broken in any record", async () => {
  const { outDir } = await make({ records: 5_000, compression: "zstd", shardHours: 0.1 });
  const traces = [join(outDir, "data_centers/dal09")];
  const trace = await openTrace({ traces, include: includeTokens });
  const { read, kept, folded, filtered, broken } = trace.account;
  trace.close();
  assert.equal(read, 5_000);
  assert.deepEqual({ ...broken }, {});
  assert.equal(kept + folded + Object.values(filtered).reduce((a, b) => a + b, 0), 5_000);
  assert.ok(kept > 4_500, `${kept} kept`);
});
