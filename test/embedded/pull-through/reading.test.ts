import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { converse, errorCode, send } from "../exchange-script.ts";
import { absent, digestOf } from "../sample-content.ts";
import { cacheScene, resultsOf } from "./cache-scene.ts";

describe("an image is fetched once, whatever form its upstream is named in", () => {
  for (const { name, path, headers } of [
    {
      name: "plain",
      path: (_: string, repo: string) => `/v2/${repo}/manifests/v1`,
      headers: () => ({}),
    },
    {
      name: "first segment",
      path: (ns: string, repo: string) => `/v2/${ns}/${repo}/manifests/v1`,
      headers: () => ({}),
    },
    {
      name: "ns query",
      path: (ns: string, repo: string) => `/v2/${repo}/manifests/v1?ns=${ns}`,
      headers: () => ({}),
    },
    {
      name: "X-Registry",
      path: (_: string, repo: string) => `/v2/${repo}/manifests/v1`,
      headers: (ns: string) => ({ "X-Registry": ns }),
    },
  ]) {
    test(name, async (t) => {
      const scene = await cacheScene(t);
      const repo = scene.names[0] ?? "";
      const [config = ""] = await scene.blobsOf(repo);
      const first = await scene.get(path(scene.ns, repo), headers(scene.ns));
      assert.equal(first.status, 200);
      const blobPath = path(scene.ns, repo).replace("manifests/v1", `blobs/${config}`);
      const blob = await scene.get(blobPath, headers(scene.ns));
      assert.equal(digestOf(blob.body), config);
      const second = await scene.get(path(scene.ns, repo), headers(scene.ns));
      assert.ok(second.body.equals(first.body));
      assert.deepEqual(await scene.asked(), { "GET manifest": 1, "GET blob": 3 });
      const figures = await scene.figures();
      assert.equal(resultsOf(figures, "manifest", "miss"), 1);
      assert.equal(resultsOf(figures, "manifest", "hit"), 1);
      assert.equal(resultsOf(figures, "blob", "hit"), 1);
    });
  }

  test("all forms share one cache", async (t) => {
    const scene = await cacheScene(t);
    const repo = scene.names[0] ?? "";
    await scene.get(`/v2/${repo}/manifests/v1`);
    await scene.get(`/v2/${scene.ns}/${repo}/manifests/v1`);
    await scene.get(`/v2/${repo}/manifests/v1?ns=${scene.ns}`);
    await scene.get(`/v2/${repo}/manifests/v1`, { "x-registry": scene.ns });
    assert.equal((await scene.asked())["GET manifest"], 1);
    assert.equal(resultsOf(await scene.figures(), "manifest", "hit"), 3);
  });
});

test("names that lead to no upstream are refused, and nothing is sent anywhere", async (t) => {
  const scene = await cacheScene(t);
  await converse(scene.cache.url, [
    { when: "GET /v2/other.example/a/manifests/v1", expect: { status: 404, code: "NAME_UNKNOWN" } },
    { when: "GET /v2/a/manifests/v1?ns=other.example", expect: 404 },
    { when: "GET /v2/a/manifests/v1", headers: { "X-Registry": "other.example" }, expect: 404 },
    { when: "GET /v2/A/manifests/v1", expect: { status: 400, code: "NAME_INVALID" } },
    { when: "GET /v2/a%2F..%2Fb/manifests/v1", expect: { status: 400, code: "NAME_INVALID" } },
    { when: "GET /v2/a/manifests/..%2Fv1", expect: { status: 400, code: "TAG_INVALID" } },
    { when: "GET /v2/a/blobs/sha256:1", expect: { status: 400, code: "DIGEST_INVALID" } },
    { when: "GET /v2/a/referrers/x%2F..%2Fy", expect: { status: 400, code: "DIGEST_INVALID" } },
  ]);
  assert.deepEqual((await scene.upstream.stats()).requests, []);
});

test("a fixed cache leaves names as they are", async (t) => {
  const scene = await cacheScene(t, { through: { form: "fixed" } });
  await scene.get("/v2/a.b/c/manifests/v1?ns=other.example");
  const [count] = (await scene.upstream.stats()).requests;
  assert.deepEqual([count?.type, count?.code], ["manifest", 404]);
});

test("several upstreams by name, one of them for names without a namespace", async (t) => {
  const other = await cacheScene(t, { upstream: { seed: "other" } });
  const scene = await cacheScene(t, {
    through: {
      upstreams: [{ name: "other.example", url: other.upstream.url }],
      defaultNamespace: "other.example",
    },
  });
  assert.equal((await scene.get(`/v2/${other.names[0]}/manifests/v1`)).status, 200);
  assert.equal((await scene.get(`/v2/other.example/${other.names[0]}/manifests/v1`)).status, 200);
  assert.equal((await scene.get(`/v2/${scene.ns}/${scene.names[0]}/manifests/v1`)).status, 200);
  assert.equal((await other.asked())["GET manifest"], 1);
  assert.equal((await scene.asked())["GET manifest"], 1);
});

test("without a standard upstream a plain name is 400", async (t) => {
  const scene = await cacheScene(t);
  const named = await cacheScene(t, {
    through: { url: undefined, upstreams: [{ name: "up.example", url: scene.upstream.url }] },
  });
  const { status, body } = await named.get(`/v2/${scene.names[0]}/manifests/v1`);
  assert.deepEqual([status, /no namespace/.test(String(body))], [400, true]);
  assert.equal((await named.get(`/v2/up.example/${scene.names[0]}/manifests/v1`)).status, 200);
});

test("HEAD of a manifest fetches it, HEAD of a blob only asks", async (t) => {
  const scene = await cacheScene(t, { through: { fetch: "lazy" } });
  const repo = scene.names[0] ?? "";
  const blobs = await scene.blobsOf(repo);
  const head = (path: string) => send({ method: "HEAD", url: `${scene.cache.url}${path}` });
  const manifest = await head(`/v2/${repo}/manifests/v1`);
  assert.equal(manifest.status, 200);
  assert.match(String(manifest.headers["docker-content-digest"]), /^sha256:/);
  const layer = await head(`/v2/${repo}/blobs/${blobs[1]}`);
  assert.equal(layer.status, 200);
  assert.equal(layer.headers["content-length"], "4608");
  assert.equal(layer.headers["docker-content-digest"], blobs[1]);
  assert.equal((await head(`/v2/${repo}/blobs/${absent}`)).status, 404);
  assert.deepEqual(await scene.asked(), { "GET manifest": 1, "HEAD blob": 1 });
});

test("a lazy cache answers the manifest alone, streams a blob while it is stored, and answers parts of it", async (t) => {
  const scene = await cacheScene(t, { through: { fetch: "lazy" } });
  const repo = scene.names[0] ?? "";
  const [, layer = ""] = await scene.blobsOf(repo);
  await scene.get(`/v2/${repo}/manifests/v1`);
  assert.deepEqual(await scene.asked(), { "GET manifest": 1 });
  const whole = await scene.get(`/v2/${repo}/blobs/${layer}`);
  assert.equal(digestOf(whole.body), layer);
  assert.equal(whole.headers["content-length"], String(whole.body.length));
  const part = await scene.get(`/v2/${repo}/blobs/${layer}`, { range: "bytes=10-19" });
  assert.deepEqual([part.status, part.body.length], [206, 10]);
  assert.deepEqual(await scene.asked(), { "GET manifest": 1, "GET blob": 1 });
});

test("a part of a blob that is not here yet comes when all of it is here", async (t) => {
  const scene = await cacheScene(t, { through: { fetch: "lazy" } });
  const repo = scene.names[0] ?? "";
  const [, layer = ""] = await scene.blobsOf(repo);
  const part = await scene.get(`/v2/${repo}/blobs/${layer}`, { range: "bytes=-5" });
  assert.deepEqual([part.status, part.body.length], [206, 5]);
  assert.deepEqual(await scene.asked(), { "GET blob": 1 });
});

test("tags, catalog and their pages are the upstream's", async (t) => {
  const scene = await cacheScene(t);
  const [first, second] = scene.names;
  const page = await scene.get(`/v2/_catalog?n=1`);
  assert.deepEqual(JSON.parse(String(page.body)), { repositories: [first] });
  const next = /<([^>]+)>; rel="next"/.exec(String(page.headers.link))?.[1] ?? "";
  assert.deepEqual(JSON.parse(String((await scene.get(next)).body)), { repositories: [second] });
  const tags = await scene.get(`/v2/${scene.ns}/${first}/tags/list`);
  assert.deepEqual(JSON.parse(String(tags.body)), { name: first, tags: ["v1"] });
  const referrers = await scene.get(`/v2/${first}/referrers/${absent}`);
  assert.equal(referrers.status, 200);
});

test("the link to the next page keeps the client's form of the name", async (t) => {
  const scene = await cacheScene(t);
  const { headers } = await scene.get(`/v2/_catalog?n=1&ns=${scene.ns}`);
  assert.match(String(headers.link), /^<\/v2\/_catalog\?.*ns=127\.0\.0\.1%3A\d+>; rel="next"$/);
});

test("nothing is pushed to a cache, and nothing deleted", async (t) => {
  const scene = await cacheScene(t);
  const repo = scene.names[0] ?? "";
  await converse(scene.cache.url, [
    { when: `POST /v2/${repo}/blobs/uploads/`, expect: { status: 405, code: "UNSUPPORTED" } },
    { when: `PUT /v2/${repo}/manifests/v1`, expect: 405 },
    { when: `DELETE /v2/${repo}/manifests/v1`, expect: 405 },
    { when: "GET /v2/", expect: { status: 200, body: {} } },
  ]);
});

test("a tag is asked for again with revalidation only", async (t) => {
  for (const revalidate of [false, true]) {
    const scene = await cacheScene(t, {
      upstream: { generate: "repos=2,layers=1" },
      through: { revalidate },
    });
    const [one = "", two = ""] = scene.names;
    const before = await scene.get(`/v2/${one}/manifests/v1`);
    const same = await scene.get(`/v2/${one}/manifests/v1`);
    assert.ok(same.body.equals(before.body));
    const head = revalidate ? 1 : undefined;
    assert.equal((await scene.asked())["HEAD manifest"], head);
    // The tag moves: the second repository's image has blobs that are mounted for it.
    const moved = await movedTag(scene.upstream.url, { one, two });
    const after = await scene.get(`/v2/${one}/manifests/v1`);
    assert.equal(after.headers["docker-content-digest"] === moved, revalidate);
    await send({ method: "DELETE", url: `${scene.upstream.url}/v2/${one}/manifests/v1` });
    const gone = await scene.get(`/v2/${one}/manifests/v1`);
    assert.equal(gone.status, revalidate ? 404 : 200);
  }
});

async function movedTag(url: string, { one, two }: { one: string; two: string }): Promise<string> {
  const { body, headers } = await send({ method: "GET", url: `${url}/v2/${two}/manifests/v1` });
  const { config, layers } = JSON.parse(String(body));
  for (const { digest } of [config, ...layers]) {
    await send({
      method: "POST",
      url: `${url}/v2/${one}/blobs/uploads/?mount=${digest}&from=${two}`,
    });
  }
  const type = { "content-type": String(headers["content-type"]) };
  const put = await send({
    method: "PUT",
    url: `${url}/v2/${one}/manifests/v1`,
    headers: type,
    body,
  });
  assert.equal(put.status, 201);
  return String(headers["docker-content-digest"]);
}

test("Ociregistry's ways: no HEAD of blobs, no length, empty 500 for whatever the upstream says", async (t) => {
  const scene = await cacheScene(t, { cache: { behave: "ociregistry" } });
  const repo = scene.names[0] ?? "";
  const [config = ""] = await scene.blobsOf(repo);
  const blobPath = `/v2/${scene.ns}/${repo}/blobs/${config}`;
  await converse(scene.cache.url, [
    { when: `HEAD ${blobPath}`, expect: 405 },
    { when: `GET ${blobPath}`, expect: { status: 200, headers: { "content-length": undefined } } },
    { when: `GET /v2/${scene.ns}/no/such/manifests/v1`, expect: { status: 500, body: "" } },
    { when: `GET /v2/${scene.ns}/a/b/c/d/manifests/v1`, expect: { status: 400 } },
    { when: `GET /v2/${repo}/tags/list`, expect: 405 },
  ]);
});

test("the page for Prometheus has the figures, also under Ociregistry's names", async (t) => {
  const scene = await cacheScene(t);
  const repo = scene.names[0] ?? "";
  await scene.get(`/v2/${repo}/manifests/v1`);
  await scene.get(`/v2/${repo}/manifests/v1`);
  await scene.get("/v2/no/such/manifests/v1");
  const page = String((await scene.get("/metrics")).body);
  const labels = `ns="${scene.ns}"`;
  for (const line of [
    `drayage_registry_upstream_requests_total{${labels},type="blob",method="GET",code="200"} 3`,
    `drayage_registry_upstream_requests_total{${labels},type="manifest",method="GET",code="404"} 1`,
    `drayage_registry_cache_results_total{${labels},type="manifest",result="hit"} 1`,
    `ociregistry_upstream_pulls_by_ns{${labels}} 1`,
    `ociregistry_cached_pulls_by_ns_total{${labels}} 1`,
  ]) {
    assert.ok(page.includes(`${line}\n`), `${line} is not in\n${page}`);
  }
  await scene.cache.reset();
  assert.deepEqual((await scene.figures()).upstreamRequests, []);
  assert.equal((await scene.figures()).cachedImages, 1);
});

test("a cache's own password file guards it, path names included", async (t) => {
  const scene = await cacheScene(t, { cache: { tokenAuth: true } });
  const answer = await scene.get(`/v2/${scene.ns}/${scene.names[0]}/manifests/v1`);
  assert.deepEqual([answer.status, errorCode(answer)], [401, "UNAUTHORIZED"]);
  assert.deepEqual((await scene.upstream.stats()).requests, []);
});
