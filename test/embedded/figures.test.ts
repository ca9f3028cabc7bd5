import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { lossesOf } from "../../src/cli/serve.ts";
import { UsageError } from "../../src/core/errors.ts";
import { AccessLog } from "../../src/embedded/access-log.ts";
import { startEmbeddedRegistry } from "../../src/embedded/embedded-registry.ts";
import { goDuration } from "../../src/embedded/go-duration.ts";
import { parseDuration, parseSize } from "../../src/embedded/quantity.ts";
import type { Call } from "../../src/embedded/registry.ts";
import { RegistryStore } from "../../src/embedded/registry-store.ts";
import { startEmbeddedRegistryThread } from "../../src/embedded/registry-thread.ts";
import { converse, send } from "./exchange-script.ts";
import { absent, blob, digestOf, pushBlob } from "./sample-content.ts";

for (const [kind, start] of [
  ["this thread", startEmbeddedRegistry],
  ["its own thread", startEmbeddedRegistryThread],
] as const) {
  test(`statistics of a registry in ${kind}: by type, method and code, until the reset`, async (t) => {
    const registry = await start({ faults: ["HEAD blob=status(503)@every 2"] });
    t.after(() => registry.close());
    await converse(registry.url, [
      ...pushBlob("a"),
      { when: `GET /v2/a/blobs/${digestOf(blob)}`, expect: 200 },
      { when: `HEAD /v2/a/blobs/${digestOf(blob)}`, expect: 200 },
      { when: `HEAD /v2/a/blobs/${digestOf(blob)}`, expect: 503 },
      { when: `GET /v2/a/blobs/${absent}`, expect: 404 },
    ]);
    const { requests, faults } = await registry.stats();
    assert.deepEqual(
      requests.map(({ type, method, code, requests: count, requestBytes, responseBytes }) =>
        [type, method, code, count, requestBytes, code === 404 ? "error" : responseBytes].join(" "),
      ),
      [
        "blob GET 200 1 0 23",
        "blob GET 404 1 0 error",
        "blob HEAD 200 1 0 0",
        "blob HEAD 503 1 0 0",
        "upload PUT 201 1 23 0",
        "upload POST 202 1 0 0",
      ],
    );
    assert.deepEqual(faults, [{ rule: "HEAD blob=status(503)@every 2", matched: 2, hits: 1 }]);
    const page = await send({ method: "GET", url: `${registry.url}/_drayage/stats` });
    assert.deepEqual(JSON.parse(String(page.body)), await registry.stats());
    await converse(registry.url, [{ when: "POST /_drayage/reset", expect: 204 }]);
    assert.deepEqual((await registry.stats()).requests, []);
    await registry.reset();
    assert.equal((await registry.stats()).stored.blobs, 1, "what is stored stays");
    await registry.close();
    assert.equal((await send({ method: "GET", url: registry.url })).failure, "ECONNREFUSED");
    await registry.close();
  });
}

test("metrics: one line per type, method and code, for Prometheus", async (t) => {
  const registry = await startEmbeddedRegistry({ faults: ['name~"x=reset'] });
  t.after(() => registry.close());
  await converse(registry.url, [{ when: "GET /v2/", expect: 200 }]);
  const { headers, body } = await send({ method: "GET", url: `${registry.url}/metrics` });
  await registry.close();
  assert.match(String(headers["content-type"]), /^text\/plain; version=0\.0\.4/);
  const lines = String(body).split("\n");
  for (const line of [
    "# TYPE drayage_registry_requests_total counter",
    'drayage_registry_requests_total{type="ping",method="GET",code="200"} 1',
    'drayage_registry_response_bytes_total{type="ping",method="GET",code="200"} 2',
    'drayage_registry_request_bytes_total{type="ping",method="GET",code="200"} 0',
    'drayage_registry_fault_hits_total{rule="name~\\"x=reset"} 0',
    "drayage_registry_stored_bytes 0",
  ]) {
    assert.ok(lines.includes(line), line);
  }
  assert.ok(lines.every((line) => line === "" || /^(# TYPE \w+ \w+|\w+(\{.*\})? \d+)$/.test(line)));
});

test("a user's mistake in the options comes out of the thread as one", async (t) => {
  for (const options of [
    { faults: ["nonsense"] },
    { generate: "repos=0" },
    { htpasswd: "alice" },
  ]) {
    await assert.rejects(startEmbeddedRegistryThread(options), UsageError);
    await assert.rejects(startEmbeddedRegistry(options), UsageError);
  }
  const first = await startEmbeddedRegistry();
  t.after(() => first.close());
  const { port } = first;
  await assert.rejects(startEmbeddedRegistryThread({ port }), /is in use/);
  await first.close();
});

test("access log: a line per request in the fields of CNCF distribution", async (t) => {
  const directory = mkdtempSync(join(tmpdir(), "drayage-log-"));
  const accessLog = join(directory, "access.jsonl");
  const registry = await startEmbeddedRegistry({ accessLog });
  t.after(() => registry.close());
  const path = `/v2/a/b/blobs/${digestOf(blob)}`;
  await converse(registry.url, [
    ...pushBlob("a/b"),
    { when: `GET ${path}?x=1`, headers: { "user-agent": "test/1" }, expect: 200 },
    { when: "GET /v2/a/b/manifests/v1", expect: 404 },
  ]);
  await registry.close();
  const lines = readFileSync(accessLog, "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
  rmSync(directory, { recursive: true });
  assert.equal(lines.length, 4);
  const [, put, get, missing] = lines;
  assert.equal(put["http.response.written"], 0);
  assert.deepEqual(Object.keys(get).sort(), [
    ...["http.request.host", "http.request.id", "http.request.method", "http.request.remoteaddr"],
    ...["http.request.uri", "http.request.useragent", "http.response.duration"],
    ...[
      "http.response.status",
      "http.response.written",
      "level",
      "msg",
      "time",
      "vars.name",
      "vars.reference",
    ],
  ]);
  assert.equal(get["http.request.uri"], `${path}?x=1`);
  assert.equal(get["http.request.useragent"], "test/1");
  assert.equal(get["http.response.status"], 200);
  assert.equal(get["http.response.written"], 23);
  assert.match(get["http.request.remoteaddr"], /^127\.0\.0\.1:\d+$/);
  assert.match(get["http.response.duration"], /^[\d.]+(µs|ms|s)$/);
  assert.deepEqual([get.level, get.msg], ["info", "response completed"]);
  assert.deepEqual([missing.level, missing.msg], ["error", "response completed with error"]);
});

for (const [nanoseconds, text] of [
  [0, "0s"],
  [999, "999ns"],
  [1000, "1µs"],
  [812_506, "812.506µs"],
  [13_194_815, "13.194815ms"],
  [1_200_000_000, "1.2s"],
  [62_500_000_000, "1m2.5s"],
  [3_600_000_000_000, "1h0m0s"],
] as const) {
  test(`${nanoseconds} ns are ${text} in Go`, () => assert.equal(goDuration(nanoseconds), text));
}

for (const [text, size] of [
  ["1500", 1500],
  ["50K", 50_000],
  ["3 MB", 3_000_000],
  ["1GiB", 1_073_741_824],
  ["1.5Ki", 1536],
  ["", undefined],
  ["-1", undefined],
  ["1 QB", undefined],
  ["i", undefined],
] as const) {
  test(`the size "${text}" is ${size ?? "refused"}`, () => {
    if (size === undefined) assert.throws(() => parseSize(text, "--memory"), UsageError);
    else assert.equal(parseSize(text, "--memory"), size);
  });
}

for (const [text, ms] of [
  ["20ms", 20],
  ["1.5s", 1500],
  ["250us", 0.25],
  ["10m", 600_000],
  ["0", 0],
  ["20", undefined],
  ["ms", undefined],
  ["-1s", undefined],
] as const) {
  test(`the duration "${text}" is ${ms === undefined ? "refused" : `${ms} ms`}`, () => {
    if (ms === undefined) assert.throws(() => parseDuration(text, "--token-ttl"), UsageError);
    else assert.equal(parseDuration(text, "--token-ttl"), ms);
  });
}

test("lines of an access log that a full disk does not take are counted, each of them", async (t) => {
  if (!existsSync("/dev/full")) {
    t.skip("needs /dev/full");
    return;
  }
  const log = await AccessLog.open("/dev/full");
  const request = { headers: {}, socket: {}, method: "GET", url: "/v2/" };
  const call = { request, route: { name: "", reference: "" } } as unknown as Call;
  const done = { status: 200, durationNs: 1, writtenBytes: 2 };
  for (let line = 0; line < 3; line++) log.record(call, done);
  await log.close();
  log.record(call, done);
  await log.close();
  assert.equal(log.lost, 4);
  const stats = await startEmbeddedRegistry().then(async (registry) => {
    await registry.close();
    return registry.stats();
  });
  assert.deepEqual(lossesOf(stats), []);
  const told = lossesOf({ ...stats, limits: { ...stats.limits, lostLogLines: log.lost } });
  assert.deepEqual(told, ["access log: lines lost because the disk did not take them: 4"]);
});

for (const { name, faults, broken, when, logged } of [
  {
    name: "a handler that throws",
    faults: [],
    broken: "sortedNames",
    when: "GET /v2/_catalog",
    logged: /^broken$/,
  },
  {
    name: "a handler that rejects, of an upload,",
    faults: ["catalog=reset"],
    broken: "findOrCreate",
    when: `POST /v2/a/blobs/uploads/?digest=${digestOf(blob)}`,
    logged: /^broken$/,
  },
  {
    name: "a page of the registry's own that throws, which is neither counted nor logged as a request,",
    faults: [],
    broken: "all",
    when: "GET /metrics",
    logged: undefined,
  },
] as const)
  test(`${name} becomes 500 with a body, told once, and the registry goes on`, async (t) => {
    const directory = mkdtempSync(join(tmpdir(), "drayage-log-"));
    t.after(() => rmSync(directory, { recursive: true }));
    const accessLog = join(directory, "access.jsonl");
    const registry = await startEmbeddedRegistry({ faults, accessLog });
    t.after(() => registry.close());
    const fail = (): never => {
      throw new Error("broken");
    };
    const mocked = t.mock.method(RegistryStore.prototype, broken, fail);
    const [method, path] = when.split(" ") as [string, string];
    const { status, body } = await send({
      method,
      url: `${registry.url}${path}`,
      ...(method === "POST" ? { body: blob } : {}),
    });
    mocked.mock.restore();
    assert.equal(status, 500);
    assert.match(JSON.parse(String(body)).errors[0].message, /^the registry itself failed: /);
    await converse(registry.url, [{ when: "GET /v2/a/tags/list", expect: 404 }]);
    await registry.close();
    const stats = await registry.stats();
    assert.deepEqual(
      stats.requests.filter(({ code }) => code === 500).map(({ requests }) => requests),
      logged === undefined ? [] : [1],
    );
    assert.equal(stats.ownTroubles.count, 1);
    assert.match(String(lossesOf(stats)), /failed to answer: 1, the first with: /);
    const said = readFileSync(accessLog, "utf8")
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line)["err.message"])
      .filter((message) => message !== undefined);
    assert.equal(said.length, logged === undefined ? 0 : 1);
    if (logged !== undefined) assert.match(String(said[0]), logged);
  });
