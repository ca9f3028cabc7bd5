// What programs get besides runs: a registry of their own, traces described, converted and extracted, the machine measured.
import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import {
  calibrate,
  ExitCode,
  extractArrivals,
  extractInstances,
  extractMachines,
  extractRegistryLog,
  serve,
  traceConvert,
  traceInfo,
  UsageError,
} from "../../src/drayage.ts";
import { folderFor, native } from "../trace/fixtures.ts";

const record = (second: number) =>
  native({
    "http.request.duration": 0.01,
    "http.request.uri": `v2/a/blobs/${second % 2}`,
    "http.response.written": 100,
    id: String(second),
    timestamp: `2017-08-08T11:03:0${second}.000Z`,
  });

const logLine = (second: number): string =>
  `10.0.0.${second} - - [08/Aug/2017:11:03:0${second} +0000] "GET /v2/lib/a/manifests/v1 HTTP/1.1" 200 512 "-" "docker/20.10.7"\n`;

test("library: a registry is served, asked, emptied and closed; its port is free again", async () => {
  const registry = await serve({ generate: "repos=1,layers=2,sizes=900", pageMax: 7 });
  const { port, url } = registry;
  assert.equal(url, `http://127.0.0.1:${port}`);
  const { repositories } = (await (await fetch(`${url}/v2/_catalog`)).json()) as {
    repositories: string[];
  };
  assert.equal(repositories.length, 1);
  const { requests } = await registry.stats();
  assert.ok(requests.some(({ requests: count }) => count > 0));
  await assert.rejects(serve({ listen: `127.0.0.1:${port}` }), /EADDRINUSE|in use/);
  await registry.close(0);
  await registry.close();
  const again = createServer();
  await new Promise<void>((resolve) => again.listen(port, "127.0.0.1", resolve));
  again.close();
});

test("library: a cache is served in front of a registry", async () => {
  const upstream = await serve({ generate: "repos=1,layers=1,sizes=900,tag=v1" });
  const cache = await serve({ proxy: upstream.url, proxyForm: "fixed" });
  const { repositories } = (await (await fetch(`${upstream.url}/v2/_catalog`)).json()) as {
    repositories: string[];
  };
  const answer = await fetch(`${cache.url}/v2/${repositories[0]}/manifests/v1`);
  assert.equal(answer.status, 200);
  await answer.arrayBuffer();
  await Promise.all([cache.close(), upstream.close()]);
});

test("library: traces are converted, described and extracted, and results say what was written", async (t) => {
  const folder = folderFor(t);
  const input = join(folder, "trace.json");
  writeFileSync(input, JSON.stringify([1, 2, 3].map(record)));
  const out = join(folder, "trace.csv");
  const converted = await traceConvert({ inputs: [input], out }).result;
  assert.equal(converted.exit, ExitCode.done);
  assert.deepEqual(
    [converted.results.path, converted.results.records, converted.results.format],
    [out, 3, "csv"],
  );
  const { results: described } = await traceInfo({ inputs: [out] }).result;
  assert.deepEqual([described.account.read, described.distinct.blobs], [3, 2]);
  const log = join(folder, "access.log");
  writeFileSync(log, [1, 2, 3].map(logLine).join(""));
  const plan = {
    inputs: [log],
    out: join(folder, "log.json"),
    from: "combined",
    masking: "none",
  } as const;
  const { results: extracted, directory } = await extractRegistryLog(plan).result;
  assert.deepEqual([extracted.source.rowsRead, extracted.trace.rows, directory], [3, 3, null]);
  assert.equal(readFileSync(plan.out, "utf8").length, extracted.trace.bytes);
});

test("library: an aborted extraction rejects with the signal's reason and leaves nothing, and no signal of the process is caught", async (t) => {
  const folder = folderFor(t);
  const log = join(folder, "access.log");
  writeFileSync(log, Array.from({ length: 60_000 }, (_, at) => logLine(at % 10)).join(""));
  const ended = new AbortController();
  const listeners = process.listenerCount("SIGINT");
  const out = join(folder, "log.json");
  const plan = { inputs: [log], out, from: "combined", masking: "none" } as const;
  const going = extractRegistryLog(plan, {
    signal: ended.signal,
    onNotice: () => assert.equal(process.listenerCount("SIGINT"), listeners),
  });
  setImmediate(() => ended.abort(new Error("enough")));
  await assert.rejects(going.result, /enough/);
  assert.equal(existsSync(out), false);
  assert.equal(process.listenerCount("SIGINT"), listeners);
});

test("library: a calibration that is ended keeps nothing", async (t) => {
  const ended = new AbortController();
  const env = { XDG_CACHE_HOME: folderFor(t) };
  const going = calibrate({ quick: true }, { signal: ended.signal, env });
  setTimeout(() => ended.abort(), 50);
  assert.deepEqual(await going.result, {
    exit: ExitCode.interrupted,
    directory: null,
    results: null,
  });
});

for (const { name, begin, says } of [
  {
    name: "two ways to say how long",
    begin: () => calibrate({ quick: true, duration: "9s" }).result,
    says: /--quick and --duration exclude each other/,
  },
  {
    name: "an unknown option of serve",
    begin: () => serve({ latancy: ["x"] } as never),
    says: /unknown option latancy; did you mean "latency"/,
  },
  {
    name: "a latency that is none",
    begin: () => serve({ latency: ["GET blob=never"] }),
    says: /never/,
  },
  {
    name: "an input that is not there",
    begin: () => traceInfo({ inputs: ["no/such.json"] }).result,
    says: /no\/such\.json/,
  },
  {
    name: "arrivals without images",
    begin: () => extractArrivals({ input: "x.csv", out: "y.json" }).result,
    says: /which images\?/,
  },
  {
    name: "machines of bare metal",
    begin: () => extractMachines({ output: "x.csv", instanceType: "baremetal" } as never).result,
    says: /bare metal/,
  },
  {
    name: "instances of a format that is none",
    begin: () => extractInstances({ output: "x.csv", format: "v9" as never }).result,
    says: /format/,
  },
]) {
  test(`library: ${name} is a rejection with a UsageError`, async () => {
    await assert.rejects(begin, (error) => {
      assert.ok(error instanceof UsageError, String(error));
      assert.match(error.message, says);
      return true;
    });
  });
}
