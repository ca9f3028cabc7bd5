import assert from "node:assert/strict";
import { test } from "node:test";
import { bytes, millis } from "../../../src/core/units.ts";
import { startEmbeddedRegistry } from "../../../src/embedded/embedded-registry.ts";
import { send } from "../exchange-script.ts";
import { digestOf } from "../sample-content.ts";
import { type CacheScene, cacheScene } from "./cache-scene.ts";

const pull = (scene: CacheScene, name: string | undefined) => scene.get(`/v2/${name}/manifests/v1`);
const images = (scene: CacheScene) => Promise.all(scene.names.map((name) => scene.blobsOf(name)));

test("the image that was used longest ago makes room, with its blobs", async (t) => {
  const scene = await cacheScene(t, {
    upstream: { generate: "repos=3,layers=1,sizes=100K" },
    cache: { memoryBytes: bytes(250_000) },
  });
  const [a, b, c] = scene.names;
  const [blobsOfA = [], blobsOfB = []] = await images(scene);
  for (const name of [a, b, a, c]) assert.equal((await pull(scene, name)).status, 200);
  const figures = await scene.figures();
  assert.deepEqual([figures.cachedImages, figures.evictedImages, figures.uncachedBlobs], [2, 1, 0]);
  const { stored, limits } = await scene.cache.stats();
  assert.ok(stored.bytes <= 250_000);
  assert.deepEqual([stored.manifests, stored.tags, stored.blobs], [2, 2, 4]);
  assert.equal(limits.memoryRefusals, 0);
  // a was used after b: b went.
  await scene.get(`/v2/${a}/blobs/${blobsOfA[1]}`);
  assert.equal((await scene.asked())["GET blob"], 6);
  await scene.get(`/v2/${b}/blobs/${blobsOfB[1]}`);
  assert.equal((await scene.asked())["GET blob"], 7);
});

test("blobs that no image needs go before images", async (t) => {
  const scene = await cacheScene(t, {
    upstream: { generate: "repos=3,layers=1,sizes=100K" },
    cache: { memoryBytes: bytes(250_000) },
  });
  const [a, b, c] = scene.names;
  const [, , blobsOfC = []] = await images(scene);
  await pull(scene, a);
  await scene.get(`/v2/${c}/blobs/${blobsOfC[1]}`);
  await pull(scene, b);
  const figures = await scene.figures();
  assert.deepEqual([figures.cachedImages, figures.evictedImages, figures.evictedBlobs], [2, 0, 1]);
});

test("a blob above the whole cap is passed on to everybody, whole and in parts, and evicts nothing", async (t) => {
  const scene = await cacheScene(t, {
    upstream: { generate: "repos=1,layers=2,sizes=1K:1MB" },
    cache: { memoryBytes: bytes(100_000) },
  });
  const [name = ""] = scene.names;
  const [, , large = ""] = await scene.blobsOf(name);
  assert.equal((await pull(scene, name)).status, 200);
  const path = `/v2/${name}/blobs/${large}`;
  const answers = await Promise.all([scene.get(path), scene.get(path), scene.get(path)]);
  for (const { body } of answers) assert.equal(digestOf(body), large);
  const part = await scene.get(path, { range: "bytes=0-9" });
  assert.deepEqual([part.status, part.body.length], [206, 10]);
  const { cachedImages, evictedImages, uncachedBlobs } = await scene.figures();
  assert.deepEqual([cachedImages, evictedImages, uncachedBlobs], [1, 0, 4]);
  // Config and small layer, and one for each client of the large one.
  assert.equal(
    (await scene.figures()).upstreamRequests.find(({ code }) => code === 206)?.requests,
    1,
  );
});

test("a layer that two images share is fetched and kept once, until the last one goes", async (t) => {
  const upstream = await startEmbeddedRegistry({
    generate: "repos=2,layers=2,sizes=3000",
    sharedLayers: 0.5,
  });
  t.after(() => upstream.close());
  const scene = await cacheScene(t, { through: { url: upstream.url } });
  const catalog = JSON.parse(String((await scene.get("/v2/_catalog")).body));
  const [a, b] = catalog.repositories;
  for (const name of [a, b]) assert.equal((await pull(scene, name)).status, 200);
  const fetched = (await scene.figures()).upstreamRequests.find(({ type }) => type === "blob");
  assert.equal(fetched?.requests, 5);
  await prune(scene, `expr=${a}&count=-1&dryRun=false&type=pattern`);
  assert.equal((await scene.cache.stats()).stored.blobs, 3);
  await prune(scene, `expr=${b}&count=-1&dryRun=false&type=pattern`);
  const { stored } = await scene.cache.stats();
  assert.deepEqual([stored.blobs, stored.bytes, stored.manifests], [0, 0, 0]);
});

const prune = (scene: CacheScene, query: string) =>
  send({ method: "DELETE", url: `${scene.cache.url}/cmd/prune?${query}` });

test("prune answers with the images that it removed, and only then removes them", async (t) => {
  const scene = await cacheScene(t, { upstream: { generate: "repos=3,suffix=-0001..-0002" } });
  for (const name of scene.names) await pull(scene, name);
  const urls = (ending: string) =>
    scene.names
      .filter((name) => name.endsWith(ending))
      .map((name) => `${scene.ns}/${name}:v1\n`)
      .join("");
  const expr = encodeURIComponent("-000[2]:v\\d$");
  const dry = await prune(scene, `count=-1&expr=${expr}&type=pattern`);
  assert.deepEqual([dry.status, String(dry.body)], [200, urls("-0002")]);
  assert.match(String(dry.headers["content-type"]), /^text\/plain/);
  assert.equal((await scene.figures()).cachedImages, 6);
  const wet = await prune(scene, `count=-1&dryRun=false&expr=${expr}&type=pattern`);
  assert.equal(String(wet.body), urls("-0002"));
  assert.equal((await scene.figures()).cachedImages, 3);
  await pull(
    scene,
    scene.names.find((name) => name.endsWith("-0002")),
  );
  assert.equal((await scene.asked())["GET manifest"], 7);
});

test("prune takes several expressions, a number of images, and an image by digest", async (t) => {
  const scene = await cacheScene(t, { upstream: { generate: "repos=4" } });
  const [a, b, c, d] = scene.names;
  for (const name of [a, b]) await pull(scene, name);
  const digest = String((await pull(scene, c)).headers["docker-content-digest"]);
  await prune(scene, `count=-1&dryRun=false&expr=${c}&type=pattern`);
  assert.equal((await scene.get(`/v2/${c}/manifests/${digest}`)).status, 200);
  await pull(scene, d);
  const one = await prune(scene, "count=1&dryRun=false&expr=.*&type=pattern");
  assert.equal(String(one.body), `${scene.ns}/${a}:v1\n`);
  const quoted = encodeURIComponent(`^${scene.ns}/\\Q${c}\\E(:v1|@.*)$`);
  const two = await prune(scene, `count=-1&dryRun=false&expr=${quoted},${d}&type=pattern`);
  assert.equal(String(two.body), `${scene.ns}/${c}@${digest}\n${scene.ns}/${d}:v1\n`);
  assert.equal((await scene.figures()).cachedImages, 1);
});

test("an image that a tag and its digest lead to goes with the last of them", async (t) => {
  const scene = await cacheScene(t);
  const [name] = scene.names;
  const digest = String((await pull(scene, name)).headers["docker-content-digest"]);
  await prune(scene, "count=-1&dryRun=false&expr=:v1&type=pattern");
  await scene.get(`/v2/${name}/manifests/${digest}`);
  await pull(scene, name);
  assert.equal((await scene.cache.stats()).stored.manifests, 1);
  await prune(scene, "count=-1&dryRun=false&expr=:v1&type=pattern");
  assert.equal((await scene.cache.stats()).stored.manifests, 1);
  await prune(scene, "count=-1&dryRun=false&expr=@&type=pattern");
  const { stored } = await scene.cache.stats();
  assert.deepEqual([stored.manifests, stored.blobs, stored.bytes], [0, 0, 0]);
});

test("prune by time of use and of creation", async (t) => {
  const upstream = await cacheScene(t);
  let now = 0;
  const cache = await startEmbeddedRegistry({ pullThrough: { url: upstream.upstream.url } }, () =>
    millis(now),
  );
  t.after(() => cache.close());
  const [a, b] = upstream.names;
  const get = (name: string | undefined) =>
    send({ method: "GET", url: `${cache.url}/v2/${name}/manifests/v1` });
  const pruned = async (query: string) => {
    const url = `${cache.url}/cmd/prune?count=-1&${query}`;
    return String((await send({ method: "DELETE", url })).body)
      .trimEnd()
      .split("\n").length;
  };
  await get(a);
  await get(b);
  now = 3 * 86_400_000;
  await get(b);
  assert.equal(await pruned("type=created&dur=2d"), 2);
  assert.equal(await pruned("type=accessed&dur=2d"), 1);
  assert.equal(await pruned("type=accessed&dur=0"), 2);
});

for (const { query, says } of [
  { query: "", says: /type wants pattern, accessed or created/ },
  { query: "type=size", says: /type wants/ },
  { query: "type=pattern", says: /expr wants/ },
  { query: "type=pattern&expr=,", says: /expr wants/ },
  { query: "type=pattern&expr=(", says: /without its \)/ },
  { query: "type=pattern&expr=a(%3F=b)", says: /RE2 expression, which has no lookahead/ },
  { query: "type=pattern&expr=a&count=many", says: /count wants/ },
  { query: "type=pattern&expr=a&dryRun=perhaps", says: /dryRun wants/ },
  { query: "type=pattern&expr=a&dryRun=constructor", says: /dryRun wants/ },
  { query: "type=created", says: /dur wants a duration/ },
]) {
  test(`prune refuses "${query}"`, async (t) => {
    const { status, body } = await prune(await cacheScene(t), query);
    assert.equal(status, 400);
    assert.match(String(body), says);
  });
}

test("prune is for caches, and for DELETE", async (t) => {
  const scene = await cacheScene(t);
  const url = `${scene.upstream.url}/cmd/prune?type=pattern&expr=a`;
  assert.equal((await send({ method: "DELETE", url })).status, 404);
  assert.equal((await scene.get("/cmd/prune")).status, 405);
});

test("pruning in the middle of an eager pull leaves it what it has", async (t) => {
  const scene = await cacheScene(t, { upstream: { latencies: ["GET blob=uniform(1ms,30ms)"] } });
  const [name] = scene.names;
  const underWay = pull(scene, name);
  const timer = setInterval(() => {
    void prune(scene, "count=-1&dryRun=false&expr=.*&type=pattern");
  }, 2);
  const { status } = await underWay;
  clearInterval(timer);
  assert.equal(status, 200);
  assert.equal((await scene.asked())["GET blob"], 3);
});
