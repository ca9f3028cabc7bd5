import assert from "node:assert/strict";
import { get as httpGet } from "node:http";
import { test } from "node:test";
import { millis } from "../../../src/core/units.ts";
import { digestOf } from "../sample-content.ts";
import { cacheScene, resultsOf } from "./cache-scene.ts";

const HERD = 50;
// Long enough for a whole herd to arrive while the first one's fetch is under way.
const slow = { latencies: ["GET manifest,blob=fixed(300ms)"] };
// Who fetches by himself comes twice, and the second time behind the answers to all others: stalls of a busy machine add up.
const slower = { latencies: ["GET manifest,blob=fixed(1s)"] };
const herd = <Value>(one: () => Promise<Value>): Promise<Value[]> =>
  Promise.all(Array.from({ length: HERD }, one));

for (const { parking, manifests, blobs, parked } of [
  { parking: true, manifests: 1, blobs: 3, parked: HERD - 1 },
  { parking: false, manifests: HERD, blobs: HERD * 3, parked: 0 },
]) {
  test(`${HERD} at once miss an image ${parking ? "with" : "without"} parking: ${manifests} manifests and ${blobs} blobs`, async (t) => {
    const generate = "repos=1,layers=2,sizes=3000";
    const upstream = { generate, ...(parking ? slow : slower) };
    const scene = await cacheScene(t, { upstream, through: { parking } });
    const answers = await herd(() => scene.get(`/v2/${scene.names[0]}/manifests/v1`));
    assert.ok(answers.every(({ status, body }) => status === 200 && body.length > 0));
    assert.deepEqual(await scene.asked(), { "GET manifest": manifests, "GET blob": blobs });
    const figures = await scene.figures();
    assert.equal(resultsOf(figures, "manifest", "miss"), manifests);
    assert.equal(resultsOf(figures, "manifest", "parked"), parked);
    // However often it was fetched, it is kept once.
    assert.equal((await scene.cache.stats()).stored.blobs, 3);
  });

  test(`${HERD} at once miss a blob of a lazy cache ${parking ? "with" : "without"} parking`, async (t) => {
    const scene = await cacheScene(t, { upstream: slow, through: { parking, fetch: "lazy" } });
    const [, layer = ""] = await scene.blobsOf(scene.names[0] ?? "");
    const answers = await herd(() => scene.get(`/v2/${scene.names[0]}/blobs/${layer}`));
    assert.ok(answers.every(({ body }) => digestOf(body) === layer));
    assert.deepEqual(await scene.asked(), { "GET blob": manifests });
    assert.equal(resultsOf(await scene.figures(), "blob", "parked"), parked);
    const { stored } = await scene.cache.stats();
    assert.deepEqual([stored.blobs, stored.bytes], [1, answers[0]?.body.length]);
  });
}

test("the leader's failure is everybody's, and the next one tries again", async (t) => {
  const scene = await cacheScene(t, {
    upstream: { ...slow, faults: ["GET manifest=status(429,retry-after=7)@window(0s..0.5s)"] },
  });
  await scene.upstream.reset();
  const answers = await herd(() => scene.get(`/v2/${scene.names[0]}/manifests/v1`));
  assert.ok(answers.every(({ status }) => status === 429));
  assert.ok(answers.every(({ headers }) => headers["retry-after"] === "7"));
  const page = String((await scene.get("/metrics")).body);
  assert.doesNotMatch(page, /^ociregistry_cached_pulls_by_ns_total\{.*\} [1-9]/m);
  const requests = (await scene.upstream.stats()).requests;
  assert.equal(
    requests.reduce((sum, count) => sum + count.requests, 0),
    1,
  );
});

test("who waits too long is answered 500, and counted", async (t) => {
  const scene = await cacheScene(t, {
    upstream: slow,
    through: { parkTimeoutMs: millis(50) },
  });
  const [leader, other] = await Promise.all([
    scene.get(`/v2/${scene.names[0]}/manifests/v1`),
    scene.get(`/v2/${scene.names[0]}/manifests/v1`),
  ]);
  assert.deepEqual([leader.status, other.status].sort(), [200, 500]);
  assert.equal((await scene.figures()).parkTimeouts, 1);
});

const bigLayer = { generate: "repos=1,layers=1,sizes=8MB", bandwidth: undefined };

test("a leader that goes away leaves the fetch to those who wait", async (t) => {
  const scene = await cacheScene(t, {
    upstream: { ...bigLayer, faults: ["GET blob=stall(400ms)"] },
    through: { fetch: "lazy" },
  });
  const [, layer = ""] = await scene.blobsOf(scene.names[0] ?? "");
  const path = `/v2/${scene.names[0]}/blobs/${layer}`;
  await scene.upstream.reset();
  await goneAfterFirstBytes(`${scene.cache.url}${path}`, () => scene.get(path));
  const { body } = await scene.get(path);
  assert.equal(digestOf(body), layer);
  assert.deepEqual(await scene.asked(), { "GET blob": 1 });
});

test("a leader that goes away alone ends the fetch, and nothing half is kept", async (t) => {
  const scene = await cacheScene(t, {
    upstream: { ...bigLayer, faults: ["GET blob=stall(400ms)"] },
    through: { fetch: "lazy" },
  });
  const [, layer = ""] = await scene.blobsOf(scene.names[0] ?? "");
  const path = `/v2/${scene.names[0]}/blobs/${layer}`;
  await goneAfterFirstBytes(`${scene.cache.url}${path}`);
  await new Promise((resolve) => setTimeout(resolve, 600));
  const { stored } = await scene.cache.stats();
  assert.deepEqual([stored.blobs, stored.bytes], [0, 0]);
  assert.equal(digestOf((await scene.get(path)).body), layer);
});

// Starts to read, lets another one join, and hangs up before the end.
async function goneAfterFirstBytes(url: string, joined?: () => Promise<unknown>): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const request = httpGet(url, { agent: false }, (response) => {
    response.once("data", () => {
      const other = joined?.();
      setTimeout(() => {
        request.destroy();
        void Promise.resolve(other).then(() => resolve());
      }, 50);
    });
    response.on("error", () => undefined);
  });
  request.on("error", () => undefined);
  await promise;
}
