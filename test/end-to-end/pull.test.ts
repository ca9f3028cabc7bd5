// `drayage pull` from the shell: against embedded registries, alone and as caches.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { Ajv2020 } from "ajv/dist/2020.js";
import { verbs } from "../../src/cli/commands.ts";
import type { EmbeddedRegistry } from "../../src/embedded/embedded-registry.ts";
import { startEmbeddedRegistryThread } from "../../src/embedded/registry-thread.ts";
import { drayage } from "../cli/fake-terminal.ts";
import { logTexts, resultsOf, rowsOf } from "./pull-results.ts";
import { type Ended, pause, until, Workplace } from "./workplace.ts";

const place = new Workplace();
const REPOSITORIES = 6;
const SUFFIXES = 3;
const LAYERS = 5;
const HERD = 50;
const generate = `repos=${REPOSITORIES},layers=${LAYERS},sizes=1500,tag=v9.1,suffix=-0001..-0003,type=docker`;
let upstream: EmbeddedRegistry;

before(async () => {
  upstream = await startEmbeddedRegistryThread({
    generate,
    accessLog: place.path("upstream.log"),
  });
});
after(async () => {
  await upstream.close();
  place.leave();
});

const schema = new URL("../../docs/formats/pull-results.schema.json", import.meta.url);
const checkResults = new Ajv2020({ allErrors: true, allowUnionTypes: true }).compile(
  JSON.parse(readFileSync(schema, "utf8")),
);

const hostOf = ({ url }: EmbeddedRegistry): string => url.replace("http://", "");
const files = ["--metrics-file", "metrics.txt", "--log-file", "log.txt"];
const results = ["--results", "results", "--force"];

const pull = (cache: EmbeddedRegistry, ...flags: readonly string[]): Promise<Ended> =>
  place.drayage([
    "pull",
    `--pullthrough-url=${hostOf(cache)}`,
    `--registry-url=${hostOf(upstream)}`,
    ...files,
    ...results,
    ...flags,
  ]);

/** Of one type and method, by what a registry counted. */
async function counted(registry: EmbeddedRegistry, type: string, method = "GET"): Promise<number> {
  const { requests } = await registry.stats();
  return requests
    .filter((count) => count.type === type && count.method === method)
    .reduce((sum, { requests: count }) => sum + count, 0);
}

test("a ramp pulls seven objects per image, probes once per puller, and counts what the server counts", async () => {
  await upstream.reset();
  const ended = await pull(
    upstream,
    "--namespace-form=none",
    "--patterns=-0001,-0002,-0003",
    "--iteration-seconds=0.4",
    "--tally-seconds=0.2",
    "--log-requests=all",
  );
  assert.equal(ended.code, 0, ended.err);
  const { pulls, steps, counts, warnings } = resultsOf(place);
  assert.ok(checkResults(resultsOf(place)), JSON.stringify(checkResults.errors));
  assert.match(warnings.at(-1) ?? "", /^the server under test is drayage's embedded registry/);
  assert.match(place.text("results/report.html"), /plain, one request at a time per puller/);
  assert.ok(pulls.done > 0);
  assert.equal(pulls.failed, 0);
  assert.deepEqual(
    steps.map(({ level }) => level),
    [1, 2, 3, 2, 1],
  );
  assert.equal(await counted(upstream, "manifest"), pulls.done);
  assert.equal(await counted(upstream, "blob"), pulls.done * (LAYERS + 1));
  assert.equal(await counted(upstream, "blob", "HEAD"), 0);
  assert.equal(await counted(upstream, "manifest", "HEAD"), SUFFIXES);
  assert.deepEqual(
    [counts["manifest GETs"], counts["blob GETs"]],
    [pulls.done, pulls.done * (LAYERS + 1)],
  );
  const lines = place.text("metrics.txt").trimEnd().split("\n");
  assert.equal(lines.length, 10);
  for (const line of lines) assert.match(line, /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\t\d+\.\d{6}\t\d$/);
  assert.deepEqual(
    lines.map((line) => line.split("\t")[2]),
    ["1", "1", "2", "2", "3", "3", "2", "2", "1", "1"],
  );
});

type Row = {
  readonly seq: number;
  readonly operation: string;
  readonly sent_ns: number;
  readonly done_ns: number;
  readonly service_ns: number;
  readonly bytes: number;
  readonly uri: string | null;
  readonly puller: number;
  readonly pull: number | null;
  readonly image: string | null;
  readonly wait_ns: number | null;
};

test("--log-requests has a row for each request and pull that was counted, and says which pull it belongs to", () => {
  const { pulls, requests } = resultsOf(place);
  const rows = place
    .text("results/requests.ndjson")
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Row);
  const of = (operation: string) => rows.filter((row) => row.operation.startsWith(operation));
  for (const { name, done } of requests) assert.equal(of(name).length, done, name);
  assert.equal(of("pull-").length, pulls.done);
  assert.equal(new Set(rows.map(({ seq }) => seq)).size, rows.length);
  assert.deepEqual([...new Set(rows.map(({ puller }) => puller))].sort(), [0, 1, 2]);
  const whole = of("pull-")[1] as Row;
  const parts = rows.filter((row) => row.pull === whole.pull && row !== whole);
  assert.deepEqual(
    parts.map(({ operation }) => operation),
    ["manifest-tag", ...Array.from({ length: LAYERS }, () => "layer"), "config"],
  );
  assert.equal(
    parts.reduce((sum, { bytes }) => sum + bytes, 0),
    whole.bytes,
  );
  const [manifest = whole] = parts;
  const [repository, tag] = (whole.image ?? "").split(":");
  assert.equal(manifest.uri, `/v2/${repository}/manifests/${tag}`);
  assert.equal(manifest.sent_ns, whole.sent_ns);
  for (const part of parts) {
    assert.equal(part.image, whole.image);
    assert.equal(part.service_ns, part.done_ns - part.sent_ns);
    assert.ok(part.wait_ns !== null && part.done_ns <= whole.done_ns);
  }
  assert.equal(of("probe")[0]?.pull, null);
});

test("the log has the original driver's lines in the order of their times", async () => {
  const texts = logTexts(place.text("log.txt"));
  assert.equal(texts[0], "test driver begin");
  assert.equal(texts.at(-1), "test driver exit");
  assert.deepEqual(
    texts.filter((text) => /^test driver st/.test(text)),
    [
      "test driver start test #0 with filter -0001",
      "test driver start test #1 with filter -0002",
      "test driver start test #2 with filter -0003",
      "test driver stop test #2",
      "test driver stop test #1",
      "test driver stop test #0",
    ],
  );
  for (const puller of [0, 1, 2]) {
    assert.ok(texts.includes(`test goroutine #${puller} starting`));
    assert.ok(texts.includes(`test goroutine #${puller} stopping`));
  }
});

test("the requests of one image come in the manifest's order, the config last", async () => {
  const [first = ""] = (await namesOf(upstream)).filter((name) => name.endsWith("-0001"));
  const manifest = (await (await fetch(`${upstream.url}/v2/${first}/manifests/v9.1`)).json()) as {
    config: { digest: string };
    layers: { digest: string }[];
  };
  await pause(200);
  const before = place.text("upstream.log").length;
  const ended = await pull(
    upstream,
    "--namespace-form=none",
    `--pattern=${first}:`,
    "--iteration-seconds=0.1",
  );
  assert.equal(ended.code, 0, ended.err);
  const asked = place
    .text("upstream.log")
    .slice(before)
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, string>)
    .map((line) => `${line["http.request.method"]} ${line["http.request.uri"]}`)
    .filter((line) => line.includes("/v2/a") || line.includes(first))
    .filter((line) => !line.includes("tags/list"));
  const blob = (digest: string): string => `GET /v2/${first}/blobs/${digest}`;
  assert.deepEqual(asked.slice(0, LAYERS + 3), [
    `HEAD /v2/${first}/manifests/v9.1`,
    `GET /v2/${first}/manifests/v9.1`,
    ...manifest.layers.map(({ digest }) => blob(digest)),
    blob(manifest.config.digest),
  ]);
});

async function namesOf({ url }: EmbeddedRegistry): Promise<string[]> {
  const { repositories } = (await (await fetch(`${url}/v2/_catalog?n=1000`)).json()) as {
    repositories: string[];
  };
  return repositories;
}

for (const form of ["path", "ns", "header"]) {
  test(`a cache is told of the upstream by ${form}, and pruned after each pass`, async () => {
    const cache = await startEmbeddedRegistryThread({
      pullThrough: { url: upstream.url },
      latencies: ["GET manifest=fixed(10ms)"],
    });
    try {
      await upstream.reset();
      const ended = await pull(
        cache,
        `--namespace-form=${form}`,
        "--patterns=-0001,-0002",
        // Long enough for a pass on a machine that has much else to do.
        "--iteration-seconds=1",
        "--prune",
        `--server-metrics=${cache.url}/metrics`,
      );
      assert.equal(ended.code, 0, ended.err);
      const { pulls, server, counts } = resultsOf(place);
      assert.ok(pulls.done > 0 && (counts.prunes ?? 0) > 0);
      assert.equal(await counted(upstream, "manifest"), server.upstreamManifestGets);
      assert.equal(await counted(upstream, "blob"), server.upstreamBlobGets);
      assert.ok((server.manifestAmplification ?? 0) > 0.5);
      assert.ok(server.hitRatio !== null && server.hitRatio < 0.5);
    } finally {
      await cache.close();
    }
  });
}

for (const { parking, manifests, blobs } of [
  { parking: true, manifests: 1, blobs: LAYERS + 1 },
  { parking: false, manifests: HERD, blobs: HERD * (LAYERS + 1) },
]) {
  test(`a herd of ${HERD} on a cache ${parking ? "with" : "without"} parking shows its fetches`, async () => {
    const cache = await startEmbeddedRegistryThread({
      pullThrough: { url: upstream.url, parking, fetch: "eager" },
    });
    try {
      const herd = [`--herd=${HERD}`, "--herd-count=2", "--herd-gap=50ms"];
      const ended = await pull(cache, "--patterns=*", ...herd, "--prune");
      assert.equal(ended.code, 0, ended.err);
      const { herds, pulls } = resultsOf(place);
      assert.equal(herds.length, 2);
      assert.equal(pulls.done, 2 * HERD);
      for (const { clients, failed, upstream: fetched } of herds) {
        assert.deepEqual([clients, failed], [HERD, 0]);
        assert.ok(fetched !== null);
        if (parking) assert.deepEqual([fetched.manifestGets, fetched.blobGets], [1, blobs]);
        else assert.ok(fetched.manifestGets > 1 && fetched.manifestGets <= manifests);
        assert.ok(fetched.blobGets <= blobs);
      }
      assert.equal(rowsOf(place.text("results/herds.tsv")).length, 2);
    } finally {
      await cache.close();
    }
  });
}

test("cold and warm phases compare, and the upstream's delay stands in the cold manifests alone", async () => {
  const slow = await startEmbeddedRegistryThread({
    generate,
    latencies: ["GET manifest=fixed(50ms)"],
  });
  const cache = await startEmbeddedRegistryThread({ pullThrough: { url: slow.url } });
  try {
    const ended = await place.drayage([
      "pull",
      `--pullthrough-url=${hostOf(cache)}`,
      `--registry-url=${hostOf(slow)}`,
      ...files,
      ...results,
      ...["--patterns=-0001,-0002,-0003", "--steps=flat", "--iteration-seconds=1.6"],
      ...["--cold", "--warm"],
    ]);
    assert.equal(ended.code, 0, ended.err);
    const { comparison, steps } = resultsOf(place);
    assert.deepEqual(
      steps.map(({ phase }) => phase),
      ["cold", "warm"],
    );
    const row = (measure: string) => comparison.find((line) => line.measure === measure);
    const manifest = row("manifest-tag first byte p50 ms");
    assert.ok((manifest?.cold ?? 0) >= 50, JSON.stringify(manifest));
    assert.ok((manifest?.warm ?? 99) < 50, JSON.stringify(manifest));
    assert.ok((row("layer first byte p50 ms")?.cold ?? 99) < 50);
    assert.ok(rowsOf(place.text("results/compare.tsv")).length > 4);
    const texts = logTexts(place.text("log.txt"));
    assert.deepEqual(
      texts.filter((text) => text.startsWith("phase")).map((text) => text.replace(/:.*/, "")),
      [
        "phase cold begin",
        "phase cold end",
        "phase warm-up begin",
        "phase warm-up",
        "phase warm-up end",
        "phase warm begin",
        "phase warm end",
      ],
    );
  } finally {
    await cache.close();
    await slow.close();
  }
});

test("without a prune endpoint --cold pulls every image once and ends by itself", async () => {
  await upstream.reset();
  const ended = await pull(
    upstream,
    ...["--namespace-form=none", "--patterns=*,-0001", "--iteration-seconds=20", "--steps=flat"],
    ...["--cold", "--probe=none"],
  );
  assert.equal(ended.code, 0, ended.err);
  const { exhausted, pulls } = resultsOf(place);
  assert.equal(exhausted, true);
  assert.equal(pulls.done, REPOSITORIES * SUFFIXES);
  assert.equal(await counted(upstream, "manifest"), REPOSITORIES * SUFFIXES);
});

test("failures are counted as injected, end no puller, and exit with 8", async () => {
  const faulty = await startEmbeddedRegistryThread({
    generate,
    faults: ["GET manifest=status(500)@every 10"],
  });
  try {
    const ended = await place.drayage([
      "pull",
      `--pullthrough-url=${hostOf(faulty)}`,
      `--registry-url=${hostOf(faulty)}`,
      ...files,
      ...results,
      ...["--namespace-form=none", "--patterns=-0001,-0002", "--iteration-seconds=0.5"],
      ...["--error-backoff=10ms..20ms", "--log-requests=errors", "--log-format=csv"],
    ]);
    assert.equal(ended.code, 8, ended.err);
    const { errors, pulls } = resultsOf(place);
    const injected = (await faulty.stats()).faults.reduce((sum, { hits }) => sum + hits, 0);
    assert.ok(injected > 0);
    assert.equal(
      errors.reduce((sum, { count }) => sum + count, 0),
      injected,
    );
    assert.ok(errors.every(({ kind }) => kind === "status-5xx"));
    assert.equal(pulls.failed, injected);
    const texts = logTexts(place.text("log.txt"));
    assert.ok(
      texts.some((text) =>
        /^goroutine #0 error pulling .*, the error was: manifest: status 500/.test(text),
      ),
    );
    assert.ok(texts.includes("goroutine #0 resumed"));
    const [head = "", ...rows] = place.text("results/requests.csv").trimEnd().split("\n");
    assert.match(head, /^seq,operation,.*,uri,puller,pull,image,wait_ns$/);
    assert.equal(rows.filter((row) => row.includes(",500,status-5xx,1,/v2/")).length, injected);
    assert.equal(rows.filter((row) => /,pull-(first|repeat),/.test(row)).length, injected);
    assert.equal(rows.length, 2 * injected);
    assert.ok(!place.has("results/requests.ndjson"));
  } finally {
    await faulty.close();
  }
});

test("a cache that is killed and comes back: pullers back off and resume, the ramp keeps its schedule", async () => {
  const port = 20_000 + Math.floor(Math.random() * 10_000);
  const options = { generate, port };
  let cache = await startEmbeddedRegistryThread(options);
  place.write("log.txt", "");
  const started = place.start([
    "pull",
    `--pullthrough-url=127.0.0.1:${port}`,
    `--registry-url=${hostOf(upstream)}`,
    ...files,
    ...results,
    ...["--namespace-form=none", "--patterns=-0001,-0002", "--iteration-seconds=1"],
    "--error-backoff=50ms..200ms",
  ]);
  await until(
    () => place.has("log.txt") && place.text("log.txt").includes("start test #1"),
    "it pulls",
  );
  await cache.close();
  await pause(400);
  cache = await startEmbeddedRegistryThread(options);
  const ended = await started.ended;
  await cache.close();
  assert.equal(ended.code, 8, ended.err);
  const { errors, steps } = resultsOf(place);
  assert.ok(errors.some(({ kind }) => kind === "connect"));
  const texts = logTexts(place.text("log.txt"));
  assert.ok(texts.some((text) => /^goroutine #\d backing off 0\.[12] s$/.test(text)));
  assert.ok(texts.includes("goroutine #0 resumed"));
  assert.deepEqual(
    steps.map(({ level }) => level),
    [1, 2, 1],
  );
  for (const { seconds } of steps) assert.ok(Math.abs(seconds - 1) < 0.5, `${seconds}`);
});

test("a dry run sends nothing to the cache and takes the tally all the same", async () => {
  await upstream.reset();
  const ended = await place.drayage([
    "pull",
    "--pullthrough-url=ubuntu.me:8080",
    `--registry-url=${hostOf(upstream)}`,
    ...files,
    ...["--patterns=-0001,-0002", "--iteration-seconds=0.4", "--tally-seconds=0.2", "--dry-run"],
    "--prune",
  ]);
  assert.equal(ended.code, 0, ended.err);
  assert.equal(await counted(upstream, "manifest"), 0);
  const lines = place.text("metrics.txt").trimEnd().split("\n");
  assert.deepEqual(
    lines.map((line) => line.split("\t")[2]),
    ["1", "1", "2", "2", "1", "1"],
  );
});

test("--list prints each puller's images and pulls nothing", async () => {
  await upstream.reset();
  const ended = await pull(upstream, "--patterns=-0001,-0002", "--filter=:v9", "--list");
  assert.equal(ended.code, 0, ended.err);
  assert.match(ended.out, /^Got 18 images\nHave 18 images after applying filter$/m);
  assert.match(ended.out, /^test #1 with filter -0002: 6 images$/m);
  assert.equal(await counted(upstream, "manifest"), 0);
});

test("a pull in progress at the end is waited for; an interrupt ends the schedule and writes everything", async () => {
  const slow = await startEmbeddedRegistryThread({
    generate,
    latencies: ["GET blob=fixed(150ms)"],
  });
  try {
    place.write("log.txt", "");
    const started = place.start([
      "pull",
      `--pullthrough-url=${hostOf(slow)}`,
      `--registry-url=${hostOf(slow)}`,
      ...files,
      ...results,
      ...["--namespace-form=none", "--patterns=-0001", "--iteration-seconds=60"],
    ]);
    await until(
      () => place.has("log.txt") && place.text("log.txt").includes("goroutine #0 starting"),
      "it pulls",
    );
    await pause(300);
    started.child.kill("SIGINT");
    const ended = await started.ended;
    assert.equal(ended.code, 130, ended.err);
    const { pulls, verdict } = resultsOf(place);
    assert.equal(verdict, "ABORTED (interrupted)");
    assert.ok(pulls.done >= 1);
    assert.equal(logTexts(place.text("log.txt")).at(-1), "test driver exit");
    const tally = rowsOf(place.text("results/tally.tsv"));
    assert.equal(
      tally.reduce((sum, row) => sum + Number(row.pulls), 0),
      pulls.done,
    );
  } finally {
    await slow.close();
  }
});

test("--save leaves an image layout that holds every blob", async () => {
  const ended = await pull(
    upstream,
    ...["--namespace-form=none", "--patterns=-0001", "--iteration-seconds=0.4", "--verify"],
    "--save=layout",
  );
  assert.equal(ended.code, 0, ended.err);
  const index = place.json<{ manifests: { digest: string; size: number }[] }>("layout/index.json");
  assert.equal(index.manifests.length, REPOSITORIES);
  for (const { digest, size } of index.manifests) {
    const text = place.text(`layout/blobs/sha256/${digest.slice(7)}`);
    assert.equal(Buffer.byteLength(text), size);
    const { layers } = JSON.parse(text) as { layers: { digest: string }[] };
    for (const layer of layers)
      assert.ok(place.has(`layout/blobs/sha256/${layer.digest.slice(7)}`));
  }
  assert.match(ended.err + ended.out, /disk writes included/);
});

const servers = ["--registry-url=a", "--pullthrough-url=b", "--patterns=c"];

for (const { name, flags, says } of [
  { name: "nothing", flags: [], says: /^Error: --registry-url is required\n\n/ },
  {
    name: "no cache",
    flags: ["--registry-url=a"],
    says: /^Error: --pullthrough-url is required\n\n/,
  },
  {
    name: "a step of no length",
    flags: ["--registry-url=a", "--pullthrough-url=b", "--iteration-seconds=0"],
    says: /^Error: --iteration-seconds wants seconds/,
  },
  {
    name: "a negative tally",
    flags: ["--registry-url=a", "--pullthrough-url=b", "--tally-seconds", "-1"],
    says: /^Error: --tally-seconds wants seconds/,
  },
  {
    name: "no pattern",
    flags: ["--registry-url=a", "--pullthrough-url=b", "--patterns=, ,"],
    says: /^Error: --patterns is required\n\n/,
  },
  {
    name: "an expression that RE2 reads otherwise",
    flags: ["--registry-url=a", "--pullthrough-url=b", "--patterns=(?U)a"],
    says: /^Error: --patterns: the expression "\(\?U\)a"/,
  },
  {
    name: "an unknown flag",
    flags: ["--patern=a"],
    says: /unknown flag --patern; did you mean --pattern\?/,
  },
  {
    name: "a limit that no timer can wait for",
    flags: [...servers, "--pull-timeout=600h"],
    says: /^--pull-timeout must be below 596h, not "600h"$/m,
  },
  {
    name: "rows of a word that is none",
    flags: [...servers, "--log-requests=al"],
    says: /^--log-requests al: did you mean all\? give none, errors, sample:1% /,
  },
  {
    name: "a form of rows without rows",
    flags: [...servers, "--log-format=csv"],
    says: /^--log-format goes with --log-requests errors, sample:1% or all$/m,
  },
  {
    name: "rows of requests on other machines",
    flags: [...servers, "--log-requests=all", "--nodes=box:8081"],
    says: /^--log-requests writes where the pullers are: leave it or the nodes out$/m,
  },
  {
    name: "rows of a dry run",
    flags: [...servers, "--log-requests=errors", "--dry-run"],
    says: /^--log-requests: a dry run sends no request/,
  },
  {
    name: "herds of a dry run",
    flags: [...servers, "--herd=5", "--dry-run"],
    says: /^--herd: a dry run has no herds; --list shows/,
  },
  {
    name: "herds with a schedule",
    flags: [...servers, "--herd=5", "--steps=flat"],
    says: /^--herd takes the place of the schedule: leave --steps out$/m,
  },
  {
    name: "a comma that a pruning server would split at",
    flags: [...servers, "--pattern=v[0-9]{1,3}", "--prune"],
    says: /^pattern "v\[0-9\]\{1,3\}" has a comma, at which/m,
  },
]) {
  test(`${name} on the command line ends with 2 and says what to type`, async () => {
    const { exit, err } = await drayage(["pull", ...flags], { verbs });
    assert.equal(exit, 2, err);
    assert.match(err, says);
  });
}

test("a pattern without a match ends with 2 before anything is pulled, and names an image", async () => {
  const ended = await pull(upstream, "--patterns=-0001,-9999");
  assert.equal(ended.code, 2, ended.err);
  assert.match(ended.err, /^pattern "-9999" matches none of 18 images, such as /m);
});

test("an upstream or a cache that nobody serves ends with 4", async () => {
  const nowhere = ["pull", "--patterns=a", "--registry-url=127.0.0.1:1"];
  const unlisted = await place.drayage([...nowhere, "--pullthrough-url=127.0.0.1:1"]);
  assert.equal(unlisted.code, 4, unlisted.err);
  const unserved = await place.drayage([
    ...["pull", "--patterns=-0001", `--registry-url=${hostOf(upstream)}`],
    "--pullthrough-url=127.0.0.1:1",
  ]);
  assert.equal(unserved.code, 4, unserved.err);
});

test("a server without prune endpoint ends a pruning run with 2 at its first prune", async () => {
  const ended = await pull(
    upstream,
    ...["--namespace-form=none", "--patterns=-0001", "--iteration-seconds=30", "--prune"],
  );
  assert.equal(ended.code, 2, ended.err);
  assert.match(ended.err, /server has no prune endpoint/);
  assert.equal(resultsOf(place).exit, 2);
});
