// Figures that leave a run while it goes on, against the embedded registry: asked for by collectors, and pushed to one.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { verbs } from "../../src/cli/commands.ts";
import { load, type PerformOptions, run, warmup } from "../../src/drayage.ts";
import type { EmbeddedRegistry } from "../../src/embedded/embedded-registry.ts";
import { startEmbeddedRegistryThread } from "../../src/embedded/registry-thread.ts";
import { drayage } from "../cli/fake-terminal.ts";
import { native } from "../trace/fixtures.ts";
import { startNode } from "./cluster-nodes.ts";
import { type Results, type Started, Workplace } from "./workplace.ts";

const place = new Workplace();
let registry: EmbeddedRegistry;

before(async () => {
  registry = await startEmbeddedRegistryThread();
});
after(async () => {
  await registry.close();
  place.leave();
});

const POLL_MS = 50;

/** Address of the endpoint, which the run tells when it has one. */
async function told(run: Started): Promise<string> {
  for (;;) {
    const url = /metrics at (\S+\/metrics)/.exec(run.said())?.[1];
    if (url !== undefined) return url;
    assert.equal(run.child.exitCode, null, run.said());
    await sleep(POLL_MS);
  }
}

/** The page, as soon as it holds `wanted`. */
async function page(url: string, wanted: RegExp, accept = "*/*"): Promise<string> {
  for (;;) {
    const text = await (await fetch(url, { headers: { accept } })).text();
    if (wanted.test(text)) return text;
    await sleep(POLL_MS);
  }
}

const sumOf = (text: string, name: string): number =>
  text
    .split("\n")
    .filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(" ") + 1)), 0);

function promtool(t: TestContext, text: string): void {
  const checked = spawnSync("promtool", ["check", "metrics"], { input: text, encoding: "utf8" });
  if (checked.error !== undefined) {
    t.skip("needs promtool: apt-get install prometheus");
    return;
  }
  assert.equal(checked.status, 0, checked.stderr + checked.stdout);
  assert.equal(checked.stdout + checked.stderr, "");
}

test("drayage load --metrics: a page that promtool finds sound while the run is on, in both forms", async (t) => {
  const words = ["--rate", "200/s", "--duration", "30s", "--metrics", "127.0.0.1:0"];
  const run = place.start(["load", registry.url, ...words, "--out", "scraped", "--allow-invalid"]);
  const url = await told(run);
  const text = await page(url, /^drayage_target_rate [1-9]/m);
  promtool(t, text);
  assert.match(text, /^drayage_requests_total\{op="request",code="200"\} [1-9]/m);
  assert.match(text, /^drayage_health\{verdict="(ok|strained|INVALID)"\} 1$/m);
  assert.match(text, /^drayage_run_info\{verb="load",version="[^"]+",directory="scraped"\} 1$/m);
  for (const name of ["response", "service", "lateness"])
    assert.ok(sumOf(text, `drayage_${name}_seconds_count`) > 0, name);
  const open = await page(url, /# EOF\n$/, "application/openmetrics-text; version=1.0.0");
  assert.match(open, /^# TYPE drayage_requests counter$/m);
  const other = await fetch(new URL("/other", url));
  assert.equal(other.status, 404);
  const posted = await fetch(url, { method: "POST" });
  assert.equal(posted.status, 405);
  run.child.kill("SIGINT");
  assert.equal((await run.ended).code, 130);
});

for (const { what, flag, says } of [
  {
    what: "a port that is taken",
    flag: () => registry.url.slice(7),
    says: /^--metrics: cannot listen on .*EADDRINUSE/,
  },
  {
    what: "no address",
    flag: () => "here",
    says: /^--metrics wants HOST:PORT such as 127\.0\.0\.1:9464, not "here"/,
  },
]) {
  test(`drayage load --metrics with ${what} ends with 2 and one line, and leaves nothing`, async () => {
    const words = ["--duration", "1s", "--out", place.path("refused"), "--metrics", flag()];
    const ended = await drayage(["load", registry.url, ...words], { verbs });
    assert.equal(ended.exit, 2);
    assert.match(ended.err, says);
    assert.equal(ended.err.trimEnd().split("\n").length, 1, ended.err);
    assert.ok(!place.has("refused"));
  });
}

/** The page of a command that a program performs, and how to end it. */
function announced(): {
  readonly url: Promise<string>;
  readonly options: PerformOptions;
  readonly end: () => void;
} {
  const { promise: url, resolve } = Promise.withResolvers<string>();
  const ended = new AbortController();
  const onNotice = (line: string): void => {
    const found = /metrics at (\S+\/metrics)/.exec(line)?.[1];
    if (found !== undefined) resolve(found);
  };
  return { url, options: { signal: ended.signal, onNotice }, end: () => ended.abort() };
}

const record = (second: number) =>
  native({
    "http.request.duration": 0.01,
    "http.request.uri": `v2/a/blobs/sha256:${String(second % 3).repeat(64)}`,
    "http.response.written": 100,
    id: String(second),
    timestamp: new Date(Date.UTC(2017, 7, 8) + 100 * second).toISOString(),
  });

test("drayage warmup, run and client --metrics: each has a page of its own, and the page of a node follows the run", async (t) => {
  place.write("trace.json", JSON.stringify(Array.from({ length: 600 }, (_, at) => record(at))));
  const slow = await startEmbeddedRegistryThread({ latencies: ["PUT upload=fixed(700ms)"] });
  t.after(() => slow.close());
  const node = await startNode(place, { flags: ["--metrics", "127.0.0.1:0"] });
  t.after(() => node.child.kill());
  const idle = await page(await told(node), /^drayage_node_busy 0$/m);
  assert.match(idle, /^drayage_node_runs_total 0$/m);
  const config = {
    trace: { location: place.directory, traces: ["trace.json"], output: place.path("rows.json") },
    registry: [slow.url],
    warmup: { output: place.path("map.json"), threads: 1 },
    client_info: { client_list: ["local"], threads: 4, wait: true },
  };
  const filling = announced();
  const metrics = "127.0.0.1:0";
  const warm = warmup({ config, metrics, out: place.path("warm") }, filling.options);
  const pushes = await page(
    await filling.url,
    /^drayage_requests_total\{op="push-blob",code="201"\} [1-9]/m,
  );
  assert.match(pushes, /^drayage_run_info\{verb="warmup",/m);
  assert.doesNotMatch(pushes, /response_seconds/);
  assert.equal((await warm.result).exit, 0);
  const replaying = announced();
  t.after(replaying.end);
  const replay = run({ config, metrics, out: place.path("replayed") }, replaying.options);
  const got = /^drayage_requests_total\{op="get-blob",code="200"\} [1-9]/m;
  const replayed = await page(await replaying.url, got);
  assert.match(replayed, /^drayage_run_info\{verb="run",/m);
  assert.ok(sumOf(replayed, "drayage_response_seconds_count") > 0);
  replaying.end();
  assert.equal((await replay.result).exit, 130);
  const loading = announced();
  t.after(loading.end);
  const sent = load(
    { url: slow.url, rate: "20/s", duration: "1m", nodes: node.address, out: place.path("spread") },
    loading.options,
  );
  const busy = await page(
    await told(node),
    /^drayage_requests_total\{op="request",code="200"\} [1-9]/m,
  );
  assert.match(busy, /^drayage_node_busy 1$/m);
  promtool(t, busy);
  loading.end();
  assert.equal((await sent.result).exit, 130);
  const after = await page(await told(node), /^drayage_node_busy 0$/m);
  assert.match(after, /^drayage_node_runs_total 1$/m);
});

test("drayage record --metrics: what the recorder counts, while it records", async (t) => {
  place.write(
    "record.json",
    JSON.stringify({
      archive_directory: "archive",
      proxy: { listen: "127.0.0.1:0", upstream: registry.url },
      record: { spec: ["/v2/**"] },
    }),
  );
  const recorder = place.start(["record", "--config", "record.json", "--metrics", "127.0.0.1:0"]);
  const url = await told(recorder);
  await page(url, /^drayage_proxy_exchanges_total 0$/m);
  const [proxy = ""] = /http:\/\/\S+(?= in front)/.exec(recorder.said()) ?? [];
  await (await fetch(`${proxy}/v2/`)).text();
  const text = await page(url, /^drayage_proxy_exchanges_total 1$/m);
  promtool(t, text);
  assert.match(text, /^drayage_recorder_lost_events_total 0$/m);
  recorder.child.kill("SIGINT");
  assert.equal((await recorder.ended).code, 0);
});

type Attribute = { readonly key: string; readonly value: { readonly stringValue: string } };
type Point = {
  readonly attributes: readonly Attribute[];
  readonly asInt?: number | string;
  readonly count?: number | string;
  readonly sum?: number;
  readonly bucketCounts?: readonly (number | string)[];
};
type Pushed = {
  readonly name: string;
  readonly unit: string;
  readonly sum?: { readonly isMonotonic: boolean; readonly dataPoints: readonly Point[] };
  readonly histogram?: { readonly dataPoints: readonly Point[] };
};

/** Keeps what is pushed to it: paths, a header, and the metrics of each push. */
async function startCollector(t: TestContext) {
  const pushes: { path: string; key: unknown; metrics: readonly Pushed[] }[] = [];
  const server = createServer(async (request, response) => {
    let body = "";
    for await (const piece of request) body += String(piece);
    const { resourceMetrics } = JSON.parse(body);
    pushes.push({
      path: request.url ?? "",
      key: request.headers["x-key"],
      metrics: resourceMetrics[0].scopeMetrics[0].metrics,
    });
    response.setHeader("Content-Type", "application/json");
    response.end("{}");
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { pushes, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

const total = (points: readonly Point[] = [], of: (point: Point) => unknown): number =>
  points.reduce((sum, point) => sum + Number(of(point)), 0);

test("drayage load --otlp pushes while it runs, and at the end what results.json counts; its secret stays unsaid", async (t) => {
  const { pushes, url } = await startCollector(t);
  const ended = await place.drayage(
    [
      ...["load", `${registry.url}/v2/a/manifests/none`, "--rate", "100/s", "--duration", "1500ms"],
      ...["--otlp", url, "--out", "pushed", "--allow-invalid", "--allow-failures"],
    ],
    {
      env: { OTEL_EXPORTER_OTLP_HEADERS: "x-key=s3cret", OTEL_METRIC_EXPORT_INTERVAL: "400" },
    },
  );
  assert.equal(ended.code, 0, ended.err);
  assert.ok(pushes.length >= 2, `${pushes.length} pushes`);
  for (const { path, key } of pushes) assert.deepEqual([path, key], ["/v1/metrics", "s3cret"]);
  const { totals } = place.json<Results>("pushed/results.json");
  const last = new Map(pushes.at(-1)?.metrics.map((metric) => [metric.name, metric]));
  const requests = last.get("drayage_requests")?.sum;
  assert.equal(requests?.isMonotonic, true);
  assert.equal(
    total(requests?.dataPoints, ({ asInt }) => asInt),
    totals.done + totals.failed,
  );
  const failures = last.get("drayage_failures")?.sum?.dataPoints;
  assert.equal(
    total(failures, ({ asInt }) => asInt),
    totals.failed,
  );
  const failed = last.get("drayage_failed_service_seconds");
  assert.equal(failed?.unit, "s");
  const [point] = failed?.histogram?.dataPoints ?? [];
  assert.equal(Number(point?.count), totals.failed);
  assert.equal(
    point?.bucketCounts?.reduce((sum: number, count) => sum + Number(count), 0),
    totals.failed,
  );
  const said = ended.out + ended.err + place.text("pushed/run.json");
  assert.ok(!said.includes("s3cret"));
});

test("drayage load --otlp where no collector is: told once and counted, and the run is what it was", async () => {
  const ended = await place.drayage(
    [
      ...["load", registry.url, "--rate", "100/s", "--duration", "1s", "--allow-invalid"],
      ...["--otlp", "http://127.0.0.1:9"],
    ],
    { env: { OTEL_METRIC_EXPORT_INTERVAL: "300" } },
  );
  assert.equal(ended.code, 0, ended.err);
  assert.equal(ended.err.match(/could not be pushed/g)?.length, 1, ended.err);
  assert.match(
    ended.err,
    /^\d+ of \d+ pushes of metrics to http:\/\/127\.0\.0\.1:9\/v1\/metrics failed/m,
  );
});

for (const { flag, says } of [
  { flag: "collector", says: /^--otlp wants a URL such as/ },
  { flag: "http://me:s3cret@127.0.0.1:4318", says: /^--otlp takes no credentials/ },
]) {
  test(`drayage load --otlp ${flag} ends with 2`, async () => {
    const ended = await drayage(["load", registry.url, "--otlp", flag], { verbs });
    assert.equal(ended.exit, 2);
    assert.match(ended.err, says);
    assert.ok(!ended.err.includes("s3cret"));
  });
}
