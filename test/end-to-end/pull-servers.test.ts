// `drayage pull` against CNCF distribution, and in the manner of other clients.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import type { EmbeddedRegistryOptions } from "../../src/embedded/registry-options.ts";
import { startEmbeddedRegistryThread } from "../../src/embedded/registry-thread.ts";
import { needsDockerRegistry, startDockerRegistry } from "../fakes/docker-registry.ts";
import { pushImages } from "../fakes/pushed-images.ts";
import { logTexts, type PullResults, resultsOf, rowsOf } from "./pull-results.ts";
import { type Ended, Workplace } from "./workplace.ts";

const place = new Workplace();
after(() => place.leave());

const LAYERS = 3;
const common = [
  ...["--metrics-file", "metrics.txt", "--log-file", "log.txt", "--results", "results", "--force"],
  ...["--namespace-form=none", "--verify"],
];

const images = ["-0001", "-0002", "-0003"].flatMap((suffix) =>
  ["ab", "cd"].map((name) => ({ repository: `lib/${name}${suffix}`, tag: "v1" })),
);

const gets = (lines: readonly string[], kind: "manifests" | "blobs"): number =>
  lines.filter((line) => line.includes(`"GET /v2/`) && line.includes(`/${kind}/`)).length;

test("CNCF distribution through CNCF distribution: tally every 2 s, step table, and both access logs agree", async (t) => {
  const upstream = await startDockerRegistry({ storage: "inmemory" });
  if (upstream === undefined) return t.skip(needsDockerRegistry);
  const cache = await startDockerRegistry({ proxy: upstream.url });
  assert.ok(cache !== undefined);
  try {
    await pushImages(upstream.url, images, LAYERS);
    const ended = await place.drayage([
      "pull",
      `--pullthrough-url=127.0.0.1:${cache.port}`,
      `--registry-url=127.0.0.1:${upstream.port}`,
      ...["--patterns=-0001,-0002,-0003", "--iteration-seconds=2", "--tally-seconds=2"],
      ...common,
    ]);
    assert.equal(ended.code, 0, ended.err);
    const { pulls, steps, counts } = resultsOf(place);
    assert.equal(pulls.failed, 0);
    assert.deepEqual(
      steps.map(({ level, seconds }) => [level, Math.round(seconds)]),
      [1, 2, 3, 2, 1].map((level) => [level, 2]),
    );
    assert.equal(rowsOf(place.text("results/steps.tsv")).length, 5);
    assert.equal(place.text("metrics.txt").trimEnd().split("\n").length, 5);
    const own = cache.accessLog().filter((line) => line.includes("drayage/"));
    assert.equal(gets(own, "manifests"), pulls.done);
    assert.equal(gets(own, "blobs"), pulls.done * (LAYERS + 1));
    assert.deepEqual(
      [counts["manifest GETs"], counts["blob GETs"]],
      [gets(own, "manifests"), gets(own, "blobs")],
    );
    // Each image is fetched from the upstream at least once, and not once per pull.
    const fetched = gets(upstream.accessLog(), "manifests");
    assert.ok(fetched >= images.length && fetched < pulls.done, `${fetched} of ${pulls.done}`);
  } finally {
    await cache.stop();
    await upstream.stop();
  }
});

test("the original's example, with shorter steps: dry against nothing, then through a cache from CNCF distribution", async (t) => {
  const upstream = await startDockerRegistry({ storage: "inmemory" });
  if (upstream === undefined) return t.skip(needsDockerRegistry);
  const suffixes = ["-0001", "-0002", "-0003", "-0004", "-0005"];
  const tagged = ["v9.1", "v8.1"].flatMap((tag) =>
    suffixes.map((suffix) => ({ repository: `test/image-${tag.slice(0, 2)}${suffix}`, tag })),
  );
  const cache = await startEmbeddedRegistryThread({ pullThrough: { url: upstream.url } });
  try {
    await pushImages(upstream.url, tagged, LAYERS);
    const example = [
      `--pullthrough-url=${cache.url.replace("http://", "")}`,
      `--registry-url=127.0.0.1:${upstream.port}`,
      "--patterns=-0001,-0002,-0003,-0004,-0005",
      ...["--iteration-seconds=0.4", "--tally-seconds=0.1", "--filter=:v9"],
    ];
    const active = [1, 2, 3, 4, 5, 4, 3, 2, 1].flatMap((level) => Array(4).fill(String(level)));
    const files = ["--metrics-file=deep/er/metrics.txt", "--log-file=deep/er/log.txt"];
    const dry = await place.drayage(["pull", ...example, "--dry-run"]);
    assert.equal(dry.code, 0, dry.err);
    const lines = dry.out.split("\n");
    assert.deepEqual(
      lines.slice(0, 12).map((line) => line.trimEnd()),
      [
        "Parsed Configuration:",
        "  Prune:            false",
        "  DryRun:           true",
        "  Shuffle:          false",
        "  IterationSeconds: 0.4",
        "  TallySeconds:     0.1",
        "  Patterns:         [-0001 -0002 -0003 -0004 -0005]",
        "  MetricsFile:",
        "  LogFile:",
        `  RegistryURL:      127.0.0.1:${upstream.port}`,
        `  PullthroughURL:   ${cache.url.replace("http://", "")}`,
        "  Filter:           :v9",
      ],
    );
    assert.ok(
      lines.includes("Got 10 images") && lines.includes("Have 5 images after applying filter"),
    );
    const metric = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\t\d+\.\d{6}\t(\d)$/;
    const dryActive = lines.flatMap((line) => metric.exec(line)?.[1] ?? []);
    assert.deepEqual(dryActive, active);
    const { requests } = await cache.stats();
    assert.equal(
      requests.reduce((sum, { requests: count }) => sum + count, 0),
      0,
    );
    const wet = await place.drayage(["pull", ...example, ...files, "--results=wet", "--force"]);
    assert.equal(wet.code, 0, wet.err);
    const metrics = place.text("deep/er/metrics.txt").trimEnd().split("\n");
    assert.deepEqual(
      metrics.map((line) => metric.exec(line)?.[1]),
      active,
    );
    const { pulls, steps } = resultsOf(place, "wet");
    assert.ok(pulls.done > 0 && pulls.failed === 0);
    assert.equal(steps.length, 9);
    assert.deepEqual(logTexts(place.text("deep/er/log.txt")).at(-1), "test driver exit");
    // Each of the five was fetched from the upstream once: the cache had it for the rest.
    assert.equal(gets(upstream.accessLog(), "manifests"), suffixes.length);
  } finally {
    await cache.close();
    await upstream.stop();
  }
});

const generate =
  "repos=2,layers=4,sizes=1500,tag=v1,suffix=-0001,type=oci,platforms=linux/amd64+linux/arm64";

/** Pulls from an embedded registry; gives the result and the request lines of the pullers, in order. */
async function pulled(
  options: EmbeddedRegistryOptions,
  flags: readonly string[],
): Promise<{ ended: Ended; results: PullResults; asked: string[] }> {
  const accessLog = place.path(`access-${Math.random()}.log`);
  const registry = await startEmbeddedRegistryThread({ generate, ...options, accessLog });
  try {
    const host = registry.url.replace("http://", "");
    const ended = await place.drayage([
      ...["pull", `--pullthrough-url=${host}`, `--registry-url=${host}`, ...common],
      ...["--patterns=*", "--iteration-seconds=0.2", ...flags],
      ...(flags.some((flag) => flag.startsWith("--platform")) ? [] : ["--platform=linux/amd64"]),
    ]);
    await registry.close();
    const asked = place
      .text(accessLog.slice(place.directory.length + 1))
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, string>)
      .map((line) => `${line["http.request.method"]} ${line["http.request.uri"]}`)
      .filter((line) => !/_catalog|tags\/list|_drayage/.test(line));
    return { ended, results: resultsOf(place), asked };
  } finally {
    await registry.close();
  }
}

const shapeOf = (line: string): string =>
  line
    .replace(/\/v2\/[^ ]+\/(manifests|blobs)\/sha256:.*/, "$1 by digest")
    .replace(/\/v2\/[^ ]+\/manifests\/v1/, "manifests by tag");

const blobs = (count: number): string[] =>
  Array.from({ length: count }, () => "GET blobs by digest");

for (const { client, head } of [
  {
    client: "containerd",
    head: ["HEAD manifests by tag", "GET manifests by digest", "GET manifests by digest"],
  },
  {
    client: "docker",
    head: [
      "GET /v2/",
      "HEAD manifests by tag",
      "GET manifests by digest",
      "GET manifests by digest",
    ],
  },
  { client: "crane", head: ["GET /v2/", "GET manifests by tag", "GET manifests by digest"] },
  { client: "skopeo", head: ["GET /v2/", "GET manifests by tag", "GET manifests by digest"] },
]) {
  test(`--imitate ${client} asks in the order of that client`, async () => {
    const { ended, asked, results } = await pulled({}, [`--imitate=${client}`]);
    assert.equal(ended.code, 0, ended.err);
    assert.ok(results.pulls.done > 0);
    assert.deepEqual(asked.slice(0, head.length + 5).map(shapeOf), [...head, ...blobs(5)]);
    if (client === "skopeo")
      assert.ok((results.counts["connections opened"] ?? 0) > results.pulls.done);
  });
}

test("tokens are asked for once per puller, timed apart, and no failure", async () => {
  const { ended, results } = await pulled({ tokenAuth: true }, [
    ...["--pattern=*", "--steps=2@2s", "--log-requests=all", "--log-format=csv"],
  ]);
  assert.equal(ended.code, 0, ended.err);
  const tokens = results.requests.find(({ name }) => name === "token");
  // One per puller and repository that it came to.
  const pairs = rowsOf(place.text("results/images.tsv")).length;
  assert.deepEqual([tokens?.done, tokens?.failed], [pairs, 0]);
  assert.ok(pairs >= 2);
  const rows = place.text("results/requests.csv").split("\n");
  for (const puller of [0, 1]) {
    const own = rows.filter((row) => row.includes(`,token,`) && row.includes(`,/token,${puller},`));
    assert.ok(own.length > 0, `tokens of puller ${puller}`);
  }
});

for (const { name, faults, flags, kind } of [
  {
    name: "a blob that is cut short",
    faults: ["GET blob=truncate(0.5)@every 3"],
    flags: [],
    kind: "truncated",
  },
  {
    name: "a blob with a wrong bit",
    faults: ["GET blob=corrupt@every 3"],
    flags: [],
    kind: "digest",
  },
  {
    name: "a manifest with a wrong bit",
    faults: ["GET manifest=corrupt@every 3"],
    flags: [],
    kind: "digest",
  },
  { name: "a reset", faults: ["GET blob=reset@every 1"], flags: [], kind: "reset" },
  {
    name: "a stall",
    faults: ["GET blob=stall(5s)@every 3"],
    flags: ["--request-timeout=300ms"],
    kind: "timeout",
  },
  {
    name: "a pull without end",
    faults: ["GET blob=stall(5s)@every 3"],
    flags: ["--pull-timeout=300ms"],
    kind: "timeout",
  },
  {
    name: "an index without our platform",
    faults: [],
    flags: ["--platform=linux/s390x"],
    kind: "platform",
  },
]) {
  test(`${name} is a failed pull of kind ${kind}`, async () => {
    const { ended, results } = await pulled({ faults }, ["--error-backoff=20ms..20ms", ...flags]);
    assert.equal(ended.code, 8, ended.err);
    const kinds = new Set(results.errors.map((error) => error.kind));
    assert.ok(kinds.has(kind), [...kinds].join());
  });
}

test("retries hide a failure from the pull and are counted; a broken download goes on where it was", async () => {
  const faults = ["GET blob=truncate(0.5)@every 4", "GET manifest=status(503)@every 5"];
  const { ended, results } = await pulled({ faults }, ["--retry=3", "--retry-backoff=5ms"]);
  assert.equal(ended.code, 0, ended.err);
  assert.ok(results.retries > 0);
  assert.equal(results.pulls.failed, 0);
  assert.equal(results.counts["wasted bytes"], 0);
});

test("a blob that lies elsewhere is followed, and its hop is a type of its own", async () => {
  const storage = await startEmbeddedRegistryThread({ generate });
  try {
    const faults = [`GET blob=redirect(${storage.url})@every 1`];
    const { results } = await pulled({ faults }, ["--error-backoff=20ms..20ms"]);
    const hop = results.requests.find(({ name }) => name === "redirected");
    assert.ok(hop !== undefined && hop.done + hop.failed > 0);
    assert.ok((results.counts.redirects ?? 0) > 0);
  } finally {
    await storage.close();
  }
});

test("failures of one puller beyond ten a second are folded in the log and all counted", async () => {
  const faults = ["GET manifest=status(500)@every 1"];
  const { results } = await pulled({ faults }, ["--error-backoff=1ms..1ms"]);
  const texts = logTexts(place.text("log.txt"));
  const told = texts.filter((text) => text.includes("error pulling")).length;
  const folded = texts
    .map((text) => /… and (\d+) more$/.exec(text)?.[1])
    .reduce((sum, count) => sum + Number(count ?? 0), 0);
  const total = results.errors.reduce((sum, { count }) => sum + count, 0);
  assert.ok(folded > 0 && told <= 20);
  assert.equal(told + folded, total);
});
