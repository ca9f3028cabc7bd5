import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, test } from "node:test";
import type { EmbeddedRegistry } from "../../src/embedded/embedded-registry.ts";
import { startEmbeddedRegistryThread } from "../../src/embedded/registry-thread.ts";
import { selfSignedCertificate } from "../fakes/certificate.ts";
import { type Results, Workplace } from "./workplace.ts";

const place = new Workplace();
let registry: EmbeddedRegistry;

before(async () => {
  registry = await startEmbeddedRegistryThread();
});
after(async () => {
  await registry.close();
  place.leave();
});

/** GETs that the registry has answered since it was reset. */
async function answered(): Promise<number> {
  const { requests } = await registry.stats();
  return requests
    .filter(({ method }) => method === "GET")
    .reduce((sum, { requests: count }) => sum + count, 0);
}

/** Exit code 5 says that this machine was too busy: a finding, and not about the figures' sums. */
const endedWell = (code: number | null): boolean => code === 0 || code === 5;

for (const { name, flags, count } of [
  { name: "a rate", flags: ["--rate", "200/s", "--duration", "1s"], count: 200 },
  { name: "steps and a ramp", flags: ["--steps", "100/s:500ms,100/s..300/s:500ms"], count: 150 },
]) {
  test(`drayage load at ${name} sends exactly what the schedule says`, async () => {
    await registry.reset();
    const ended = await place.drayage(["load", registry.url, ...flags, "--json"]);
    assert.ok(endedWell(ended.code), ended.err);
    const { totals, planned } = JSON.parse(ended.out) as Results & { planned: number };
    assert.deepEqual([totals.done, totals.failed, planned], [count, 0, count]);
    assert.equal(await answered(), count);
  });
}

test("drayage load without a rate goes on for its duration, and counts what the server counts", async () => {
  await registry.reset();
  const ended = await place.drayage(["load", registry.url, "--duration", "500ms", "--json"]);
  assert.ok(endedWell(ended.code), ended.err);
  const { totals } = JSON.parse(ended.out) as Results;
  assert.ok(totals.done > 0);
  assert.equal(totals.done + totals.failed, await answered());
});

test("drayage load of something that is not there ends with 8 and names the status", async () => {
  const url = `${registry.url}/v2/a/manifests/none`;
  const ended = await place.drayage([
    "load",
    url,
    "--rate",
    "50/s",
    "--duration",
    "200ms",
    "--allow-invalid",
  ]);
  assert.equal(ended.code, 8, ended.err);
  assert.match(ended.out, /http:404 +request +10/);
});

/** Takes bodies and remembers their lengths and digests. */
async function startSink() {
  const taken: { method: string; bytes: number; digest: string }[] = [];
  const server = createServer(async (request, response) => {
    const hash = createHash("sha256");
    let bytes = 0;
    for await (const piece of request as AsyncIterable<Buffer>) {
      hash.update(piece);
      bytes += piece.length;
    }
    if (request.method !== "HEAD")
      taken.push({ method: request.method ?? "", bytes, digest: hash.digest("hex") });
    response.writeHead(201, { "Content-Length": 0 }).end();
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port } = server.address() as AddressInfo;
  return { taken, url: `http://127.0.0.1:${port}`, close: () => server.close() };
}

for (const { name, flags } of [
  { name: "plain", flags: [] },
  { name: "incompressible", flags: ["--random"] },
]) {
  test(`drayage load --body sends ${name} bodies of the size, each another, and counts their bytes`, async (t) => {
    const sink = await startSink();
    t.after(sink.close);
    const args = ["--method", "PUT", "--body", "300KiB", "--rate", "20/s", "--duration", "500ms"];
    const ended = await place.drayage(["load", `${sink.url}/u`, ...args, ...flags, "--json"]);
    assert.ok(endedWell(ended.code), ended.err);
    const { totals } = JSON.parse(ended.out) as Results;
    assert.deepEqual([totals.done, totals.failed], [10, 0]);
    assert.deepEqual([totals.bytesOut, totals.bytesIn], [10 * 300 * 1024, 0]);
    assert.deepEqual(
      sink.taken.map(({ method, bytes }) => `${method} ${bytes}`),
      Array.from({ length: 10 }, () => `PUT ${300 * 1024}`),
    );
    assert.equal(new Set(sink.taken.map(({ digest }) => digest)).size, 10);
  });
}

const content = Buffer.alloc(100_000, "content");
const digest = `sha256:${createHash("sha256").update(content).digest("hex")}`;

async function pushContent(origin: string): Promise<string> {
  const opened = await fetch(`${origin}/v2/a/blobs/uploads/?digest=${digest}`, {
    method: "POST",
    body: content,
  });
  assert.equal(opened.status, 201);
  return `${origin}/v2/a/blobs/${digest}`;
}

test("drayage load --verify finds every body to have the digest of the URL", async () => {
  const url = await pushContent(registry.url);
  const args = ["--verify", "--rate", "40/s", "--duration", "500ms", "--json"];
  const ended = await place.drayage(["load", url, ...args]);
  assert.ok(endedWell(ended.code), ended.err);
  const { totals } = JSON.parse(ended.out) as Results;
  assert.deepEqual([totals.done, totals.failed, totals.bytesIn], [20, 0, 20 * content.length]);
});

test("drayage load --verify ends with 8 where bodies have another digest, and says so", async (t) => {
  const server = createServer((_request, response) => response.end("something else"));
  await once(server.listen(0, "127.0.0.1"), "listening");
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}/v2/a/blobs/${digest}`;
  const args = ["--verify", "--rate", "40/s", "--duration", "250ms", "--allow-invalid"];
  const ended = await place.drayage(["load", url, ...args]);
  assert.equal(ended.code, 8, ended.err);
  assert.match(ended.out, /digest_mismatch +request +10/);
});

test("drayage load trusts the authority of --ca, and nobody else's certificate without it", async (t) => {
  const tls = selfSignedCertificate();
  if (tls === undefined) {
    t.skip("needs openssl: apt-get install openssl");
    return;
  }
  const secure = await startEmbeddedRegistryThread({ tls });
  t.after(() => secure.close());
  place.write("ca.pem", tls.cert);
  const args = ["load", secure.url, "--rate", "40/s", "--duration", "250ms", "--json"];
  const trusting = await place.drayage([...args, "--ca", "ca.pem"]);
  assert.ok(endedWell(trusting.code), trusting.err);
  const { totals } = JSON.parse(trusting.out) as Results;
  assert.deepEqual([totals.done, totals.failed], [10, 0]);
  const refusing = await place.drayage(args);
  assert.equal(refusing.code, 4, refusing.err);
  assert.match(refusing.err, /self-signed certificate.*--ca FILE/);
});

for (const { name, args, code, says } of [
  { name: "where nobody listens", args: ["127.0.0.1:1"], code: 4, says: /connection refused/ },
  { name: "of no address", args: ["ftp://x"], code: 2, says: /is no address/ },
  { name: "without an address", args: [], code: 2, says: /URL/ },
  {
    name: "over TLS of a server that has none",
    args: ["REGISTRY"],
    code: 4,
    says: /wrong version number \(ERR_SSL_WRONG_VERSION_NUMBER\); it does not speak TLS: is its URL http:/,
  },
  {
    name: "with an authority that is no file",
    args: ["https://127.0.0.1:1", "--ca", "none.pem"],
    code: 2,
    says: /--ca none\.pem is no certificate in PEM form: it does not exist/,
  },
  {
    name: "with an authority but without TLS",
    args: ["http://127.0.0.1:1", "--ca", "none.pem"],
    code: 2,
    says: /--ca goes with an https:\/\/ URL/,
  },
  {
    name: "with a body that GET does not send",
    args: ["127.0.0.1:1", "--body", "1KiB"],
    code: 2,
    says: /--body goes with --method PUT/,
  },
]) {
  test(`drayage load ${name} ends with ${code} in one line`, async () => {
    const secure = registry.url.replace("http:", "https:");
    const words = args.map((word) => word.replace("REGISTRY", secure));
    const ended = await place.drayage(["load", ...words]);
    assert.equal(ended.code, code, ended.err);
    assert.match(ended.err, says);
    assert.equal(ended.err.trimEnd().split("\n").length, 1);
  });
}
