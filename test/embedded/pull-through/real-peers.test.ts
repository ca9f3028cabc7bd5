// The cache between programs of others: CNCF distribution as upstream, skopeo as client.
import assert from "node:assert/strict";
import { execFile, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { promisify } from "node:util";
import {
  type EmbeddedRegistry,
  startEmbeddedRegistry,
} from "../../../src/embedded/embedded-registry.ts";
import type { PullThroughOptions } from "../../../src/embedded/pull-through/pull-through-options.ts";
import {
  type DockerRegistry,
  type DockerRegistryOptions,
  needsDockerRegistry,
  startDockerRegistry,
} from "../../fakes/docker-registry.ts";
import { send } from "../exchange-script.ts";
import { digestOf } from "../sample-content.ts";

const missing =
  spawnSync("skopeo", ["--version"]).status === 0
    ? undefined
    : "needs skopeo: apt-get install skopeo";
const skopeo = (...args: string[]) =>
  promisify(execFile)("skopeo", ["--insecure-policy", ...args], { timeout: 30_000 });

type Chain = { readonly upstream: DockerRegistry; readonly cache: EmbeddedRegistry };

const credentials = { username: "alice", password: "s3cret" };

/** A docker-registry that holds lib/app:v1, with three layers, and a cache in front of it. */
async function chain(
  t: TestContext,
  options: DockerRegistryOptions = {},
  through: PullThroughOptions = {},
): Promise<Chain | undefined> {
  const upstream = await startDockerRegistry(options);
  if (upstream === undefined) return undefined;
  const images = await startEmbeddedRegistry({
    generate: "repos=1,layers=3,sizes=50K:1MB,compress=gzip,type=docker",
  });
  const { body } = await send({ method: "GET", url: `${images.url}/v2/_catalog` });
  const [name] = JSON.parse(String(body)).repositories;
  const to = options.auth === undefined ? [] : ["--dest-creds", "alice:s3cret"];
  await skopeo(
    ...["copy", "-q", "--src-tls-verify=false", "--dest-tls-verify=false", ...to],
    ...[
      `docker://127.0.0.1:${images.port}/${name}:v1`,
      `docker://127.0.0.1:${upstream.port}/lib/app:v1`,
    ],
  );
  await images.close();
  const url = upstream.url;
  const trust = { ca: upstream.ca };
  const cache = await startEmbeddedRegistry({ pullThrough: { url, trust, ...through } });
  t.after(() => Promise.all([cache.close(), upstream.stop()]));
  return { upstream, cache };
}

const gets = ({ upstream }: Chain, kind: string): number =>
  upstream.accessLog().filter((line) => line.includes(`"GET /v2/lib/app/${kind}/`)).length;

/** Digest of the manifest that skopeo wrote, after checking all others. */
async function pulled(cache: EmbeddedRegistry, reference: string): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "drayage-through-"));
  try {
    const from = `docker://127.0.0.1:${cache.port}/${reference}`;
    await skopeo("copy", "-q", "--src-tls-verify=false", from, `dir:${folder}`);
    return digestOf(readFileSync(join(folder, "manifest.json")));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

for (const { name, options, through } of [
  { name: "plain", options: {}, through: {} },
  { name: "lazily", options: {}, through: { fetch: "lazy" } },
  { name: "with Basic credentials", options: { auth: credentials }, through: { credentials } },
  { name: "over TLS", options: { tls: true }, through: {} },
] satisfies { name: string; options: DockerRegistryOptions; through: PullThroughOptions }[]) {
  test(`skopeo pulls through the cache from docker-registry, ${name}; the second time nothing is fetched`, async (t) => {
    if (missing !== undefined) return t.skip(missing);
    const both = await chain(t, options, through);
    if (both === undefined) return t.skip(needsDockerRegistry);
    const first = await pulled(both.cache, "lib/app:v1");
    assert.match(first, /^sha256:[0-9a-f]{64}$/);
    assert.equal(await pulled(both.cache, "lib/app:v1"), first);
    const { pullThrough } = await both.cache.stats();
    const fetched = pullThrough?.upstreamRequests.filter(({ code }) => code === 200) ?? [];
    assert.deepEqual(
      fetched.map(({ type, requests }) => [type, requests]),
      [
        ["blob", 4],
        ["manifest", 1],
      ],
    );
    assert.equal(gets(both, "blobs"), 4);
  });
}

test("the path form, by a name that skopeo takes for a path", async (t) => {
  if (missing !== undefined) return t.skip(missing);
  const both = await chain(t);
  if (both === undefined) return t.skip(needsDockerRegistry);
  const cache = await startEmbeddedRegistry({
    pullThrough: { upstreams: [{ name: "up.example", url: both.upstream.url }] },
  });
  t.after(() => cache.close());
  assert.equal(
    await pulled(cache, "up.example/lib/app:v1"),
    await pulled(both.cache, "lib/app:v1"),
  );
});

for (const { parking, manifests, blobs } of [
  { parking: true, manifests: 1, blobs: 4 },
  { parking: false, manifests: 20, blobs: 80 },
]) {
  test(`20 at once ${parking ? "with" : "without"} parking: docker-registry's own log says how many came`, async (t) => {
    if (missing !== undefined) return t.skip(missing);
    const both = await chain(t, {}, { parking });
    if (both === undefined) return t.skip(needsDockerRegistry);
    const url = `${both.cache.url}/v2/lib/app/manifests/v1`;
    const herd = Array.from({ length: 20 }, () => send({ method: "GET", url }));
    const answers = await Promise.all(herd);
    assert.equal(new Set(answers.map(({ status, body }) => `${status} ${digestOf(body)}`)).size, 1);
    assert.equal(answers[0]?.status, 200);
    const { pullThrough } = await both.cache.stats();
    const counted = (type: string) =>
      pullThrough?.upstreamRequests.find((count) => count.type === type)?.requests;
    assert.deepEqual(
      [gets(both, "manifests"), gets(both, "blobs")],
      [counted("manifest"), counted("blob")],
    );
    if (parking) assert.deepEqual([counted("manifest"), counted("blob")], [manifests, blobs]);
    else assert.ok((counted("manifest") ?? 0) > 1 && (counted("blob") ?? 0) <= blobs);
  });
}

test("without its docker-registry the cache answers what it has, and 502 for the rest", async (t) => {
  if (missing !== undefined) return t.skip(missing);
  const both = await chain(t, {}, { fetch: "lazy" });
  if (both === undefined) return t.skip(needsDockerRegistry);
  const manifest = await send({ method: "GET", url: `${both.cache.url}/v2/lib/app/manifests/v1` });
  const layers = JSON.parse(String(manifest.body)).layers;
  await both.upstream.stop();
  const answer = await send({
    method: "GET",
    url: `${both.cache.url}/v2/lib/app/blobs/${layers[0].digest}`,
  });
  assert.equal(answer.status, 502);
  assert.equal((await both.cache.stats()).stored.blobs, 0);
  const again = await send({ method: "GET", url: `${both.cache.url}/v2/lib/app/manifests/v1` });
  assert.ok(again.body.equals(manifest.body));
});
