import assert from "node:assert/strict";
import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, type TestContext, test } from "node:test";
import { millis } from "../../../src/core/units.ts";
import { parseBandwidth } from "../../../src/embedded/bandwidth-text.ts";
import type { PullThroughOptions } from "../../../src/embedded/pull-through/pull-through-options.ts";
import { selfSignedCertificate } from "../../fakes/certificate.ts";
import { errorCode, type Received, send } from "../exchange-script.ts";
import { absent, blob, digestOf, manifest, ociManifest } from "../sample-content.ts";
import { type CacheScene, cacheScene } from "./cache-scene.ts";

/** Kinds of trouble and how often. */
const troublesOf = async (scene: CacheScene): Promise<Record<string, number>> =>
  Object.fromEntries(
    (await scene.figures()).upstreamTroubles.map(({ kind, count }) => [kind, count]),
  );

describe("what the upstream says is passed on", () => {
  for (const { fault, status, headers } of [
    { fault: "GET=status(404)", status: 404, headers: {} },
    { fault: "GET=status(403)", status: 403, headers: {} },
    { fault: "GET=status(503)", status: 503, headers: {} },
    { fault: "GET=status(429,retry-after=9)", status: 429, headers: { "retry-after": "9" } },
    {
      fault: "GET=unauthorized",
      status: 401,
      headers: { "www-authenticate": 'Basic realm="drayage"' },
    },
  ]) {
    for (const kind of ["manifests/v1", `blobs/${absent}`, "tags/list"]) {
      test(`${fault} for ${kind}`, async (t) => {
        const scene = await cacheScene(t, { upstream: { faults: [fault] } });
        const answer = await scene.get(`/v2/lib/app/${kind}`);
        assert.equal(answer.status, status);
        for (const [name, value] of Object.entries(headers)) {
          assert.equal(answer.headers[name], value);
        }
        assert.ok(Array.isArray(JSON.parse(String(answer.body)).errors));
        assert.equal((await scene.cache.stats()).stored.bytes, 0);
      });
    }
  }

  test("a 404 is asked for again each time", async (t) => {
    const scene = await cacheScene(t);
    for (let time = 0; time < 2; time++) {
      const answer = await scene.get("/v2/no/such/manifests/v1");
      assert.deepEqual([answer.status, errorCode(answer)], [404, "NAME_UNKNOWN"]);
    }
    const [count] = (await scene.upstream.stats()).requests;
    assert.equal(count?.requests, 2);
  });

  test("a blob that the upstream refuses fails an eager manifest with the same answer", async (t) => {
    const scene = await cacheScene(t, { upstream: { faults: ["GET blob=status(503)"] } });
    const answer = await scene.get(`/v2/${scene.names[0]}/manifests/v1`);
    assert.equal(answer.status, 503);
    assert.equal((await scene.cache.stats()).stored.manifests, 0);
  });
});

describe("an upstream in trouble", () => {
  test("that nobody runs is 502", async (t) => {
    const scene = await cacheScene(t);
    await scene.upstream.close();
    const answer = await scene.get("/v2/lib/app/manifests/v1");
    assert.equal(answer.status, 502);
    assert.match(String(answer.body), /cannot be reached .*ECONNREFUSED/);
    assert.deepEqual(await troublesOf(scene), { unreachable: 1 });
  });

  test("that resets before an answer is 502", async (t) => {
    const scene = await cacheScene(t, { upstream: { faults: ["GET manifest=reset"] } });
    assert.equal((await scene.get("/v2/lib/app/manifests/v1")).status, 502);
    assert.deepEqual(await troublesOf(scene), { unreachable: 1 });
  });

  for (const { fault, kind } of [
    { fault: "truncate(0.5)", kind: "truncated" },
    { fault: "corrupt", kind: "digest" },
  ]) {
    const generate = "repos=1,layers=1,sizes=3MB";

    test(`${fault} in a blob: the client sees an aborted body, nothing is kept`, async (t) => {
      const scene = await cacheScene(t, {
        upstream: { generate, faults: [`GET blob=${fault}`] },
        through: { fetch: "lazy" },
      });
      const [, layer = ""] = await scene.blobsOf(scene.names[0] ?? "");
      const answer = await scene.get(`/v2/${scene.names[0]}/blobs/${layer}`);
      assertAborted(answer);
      assert.deepEqual(await troublesOf(scene), { [kind]: 1 });
      assert.equal((await scene.cache.stats()).stored.bytes, 0);
      // A client without a complete answer is counted as such.
      const codes = (await scene.cache.stats()).requests.map(({ code }) => code);
      assert.deepEqual(codes, [0]);
    });

    test(`${fault} in a blob that does not fit into the cache: aborted as well`, async (t) => {
      const scene = await cacheScene(t, {
        upstream: { generate, faults: [`GET blob=${fault}`] },
        cache: { memoryBytes: undefined },
        through: { fetch: "lazy" },
      });
      const tight = await cacheScene(t, {
        cache: { memoryBytes: 100_000 as never },
        through: { url: scene.upstream.url, fetch: "lazy" },
      });
      const [, layer = ""] = await scene.blobsOf(scene.names[0] ?? "");
      assertAborted(await tight.get(`/v2/${scene.names[0]}/blobs/${layer}`));
      assert.equal((await tight.figures()).uncachedBlobs, 1);
      assert.equal((await tight.cache.stats()).stored.bytes, 0);
    });

    test(`${fault} in a manifest, or in a blob of an eager one, is 502`, async (t) => {
      for (const type of ["manifest", "blob"]) {
        const scene = await cacheScene(t, { upstream: { faults: [`GET ${type}=${fault}`] } });
        const answer = await scene.get(`/v2/${scene.names[0]}/manifests/v1`);
        assert.equal(answer.status, 502, `${type}: ${answer.body}`);
        assert.equal((await scene.cache.stats()).stored.manifests, 0);
      }
    });
  }

  test("that goes away in the middle of a blob: the client sees an aborted body, nothing is kept", async (t) => {
    const scene = await cacheScene(t, {
      upstream: {
        generate: "repos=1,layers=1,sizes=3MB",
        bandwidth: parseBandwidth("1MB/s"),
      },
      through: { fetch: "lazy" },
    });
    const [, layer = ""] = await scene.blobsOf(scene.names[0] ?? "");
    const underWay = scene.get(`/v2/${scene.names[0]}/blobs/${layer}`);
    const parked = scene.get(`/v2/${scene.names[0]}/blobs/${layer}`);
    setTimeout(() => void scene.upstream.close(millis(0)), 300);
    const answers = await Promise.all([underWay, parked]);
    const [aborted, refused] = answers.sort((one, other) => one.status - other.status);
    assertAborted(aborted as Received);
    assert.equal(refused?.status, 502);
    assert.deepEqual(await troublesOf(scene), { truncated: 1 });
    assert.equal((await scene.cache.stats()).stored.bytes, 0);
  });

  test("blobs without a length are kept too, and answered when they are here", async (t) => {
    const scene = await cacheScene(t, {
      upstream: { faults: ["GET blob=no-length"] },
      through: { fetch: "lazy" },
    });
    const [, layer = ""] = await scene.blobsOf(scene.names[0] ?? "");
    for (let time = 0; time < 2; time++) {
      const answer = await scene.get(`/v2/${scene.names[0]}/blobs/${layer}`);
      assert.equal(digestOf(answer.body), layer);
    }
    assert.deepEqual(await scene.asked(), { "GET blob": 1 });
  });

  test("faults of the cache itself damage what it fetches as well", async (t) => {
    const scene = await cacheScene(t, {
      cache: { faults: ["GET blob=truncate(0.5)@every 1"] },
      through: { fetch: "lazy" },
    });
    const [, layer = ""] = await scene.blobsOf(scene.names[0] ?? "");
    assertAborted(await scene.get(`/v2/${scene.names[0]}/blobs/${layer}`));
    assert.equal((await scene.cache.stats()).stored.blobs, 1);
  });
});

function assertAborted({ status, failure, headers, body }: Received): void {
  assert.equal(status, 200);
  assert.equal(failure, "ECONNRESET");
  assert.ok(body.length < Number(headers["content-length"]));
}

describe("credentials for the upstream", () => {
  const htpasswd = "alice:$2y$04$mKQLLsuKQbDOwGx5pTSCsOvG0dPFdWqwYTQcPGQfKBQzqJ1BwYx3W";

  test("an anonymous token is fetched once for many requests", async (t) => {
    const scene = await cacheScene(t, {
      upstream: { tokenAuth: true, generate: "repos=1,layers=3" },
    });
    const { upstreamRequests } = await manifestOfGenerated(scene);
    const tokens = upstreamRequests.filter(({ type }) => type === "token");
    assert.deepEqual(
      tokens.map(({ code, requests }) => [code, requests]),
      [[200, 1]],
    );
  });

  test("who is not let in passes the 401 on, challenge included", async (t) => {
    const scene = await cacheScene(t, {
      upstream: { tokenAuth: true, htpasswd },
      through: { credentials: { username: "alice", password: "wrong" } },
    });
    const answer = await scene.get("/v2/lib/app/manifests/v1");
    assert.equal(answer.status, 401);
    assert.match(String(answer.headers["www-authenticate"]), /^Bearer realm=/);
    assert.deepEqual(await troublesOf(scene), { auth: 1 });
  });

  test("the client's own credentials go nowhere", async (t) => {
    const { scene, seen } = await sceneWithServer(t, (_, response) =>
      response.writeHead(404).end(),
    );
    await scene.get("/v2/lib/app/manifests/v1", { authorization: "Basic YTpi" });
    assert.deepEqual(
      seen.map(({ authorization }) => authorization),
      [undefined],
    );
  });
});

// The names of a guarded upstream are not listed; its images are the same for the same seed.
async function manifestOfGenerated(scene: CacheScene) {
  const page = await scene.get("/v2/_catalog");
  const [name] = JSON.parse(String(page.body)).repositories;
  await scene.cache.reset();
  assert.equal((await scene.get(`/v2/${name}/manifests/v1`)).status, 200);
  return await scene.figures();
}

type Seen = { readonly url: string; readonly authorization: string | undefined };

/** A cache in front of a server of the test's own. */
async function sceneWithServer(
  t: TestContext,
  answer: (url: string, response: ServerResponse) => void,
  through: PullThroughOptions = {},
): Promise<{ scene: CacheScene; server: Server; seen: Seen[]; url: string }> {
  const seen: Seen[] = [];
  const server = createServer((request, response) => {
    const { url = "", headers } = request;
    seen.push({ url, authorization: headers.authorization });
    answer(url, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { scene: await cacheScene(t, { through: { url, ...through } }), server, seen, url };
}

test("a redirect to storage is followed, without credentials", async (t) => {
  const storage = await sceneWithServer(t, (_, response) => response.end(blob));
  const { scene, seen } = await sceneWithServer(
    t,
    (_, response) => {
      const isKnown = seen.at(-1)?.authorization !== undefined;
      if (isKnown) response.writeHead(307, { location: `${storage.url}/x?sig=a%2Fb` }).end();
      else response.writeHead(401, { "www-authenticate": "Basic realm=x" }).end();
    },
    { credentials: { username: "alice", password: "s3cret" } },
  );
  const answer = await scene.get(`/v2/lib/app/blobs/${digestOf(blob)}`);
  assert.ok(answer.body.equals(blob));
  assert.deepEqual(storage.seen, [{ url: "/x?sig=a%2Fb", authorization: undefined }]);
});

test("a refusal with a page for people keeps its status, without the page", async (t) => {
  const { scene } = await sceneWithServer(t, (_, response) =>
    response.writeHead(503, { "retry-after": "3" }).end("x".repeat(100_000)),
  );
  const { status, headers, body } = await scene.get("/v2/lib/app/manifests/v1");
  assert.deepEqual([status, headers["retry-after"], body.length], [503, "3", 0]);
});

test("a circle of redirects ends with 502", async (t) => {
  const { scene, seen } = await sceneWithServer(t, (_, response) =>
    response.writeHead(307, { location: "/v2/again" }).end(),
  );
  assert.equal((await scene.get("/v2/lib/app/manifests/v1")).status, 502);
  assert.equal(seen.length, 11);
  assert.deepEqual(await troublesOf(scene), { redirect: 1 });
});

test("a path before /v2/ belongs to the upstream's URL", async (t) => {
  const { seen, url } = await sceneWithServer(t, (_, response) => response.end());
  const scene = await cacheScene(t, { through: { url: `${url}/mirror/` } });
  await scene.get("/v2/lib/app/tags/list");
  assert.equal(seen[0]?.url, "/mirror/v2/lib/app/tags/list");
});

test("a kept connection that the upstream closed meanwhile is no trouble", async (t) => {
  const { scene, server } = await sceneWithServer(
    t,
    (url, response) => {
      if (url.includes("manifests")) {
        response.writeHead(200, { "content-type": ociManifest }).end(manifest);
      } else response.end(blob);
    },
    { fetch: "lazy" },
  );
  assert.equal((await scene.get("/v2/lib/app/manifests/v1")).status, 200);
  server.closeAllConnections();
  assert.equal((await scene.get("/v2/lib/app/manifests/v2")).status, 200);
  assert.deepEqual(await troublesOf(scene), {});
});

test("a HEAD of a blob tells no length where the upstream told none", async (t) => {
  const { scene } = await sceneWithServer(t, (_, response) => response.end());
  const url = `${scene.cache.url}/v2/lib/app/blobs/${absent}`;
  const { status, headers } = await send({ method: "HEAD", url });
  assert.deepEqual([status, headers["content-length"]], [200, undefined]);
});

test("a manifest above 4 MiB is 502", async (t) => {
  const { scene } = await sceneWithServer(t, (_, response) => response.end("x".repeat(5_000_000)));
  const answer = await scene.get("/v2/lib/app/manifests/v1");
  assert.equal(answer.status, 502);
  assert.deepEqual(await troublesOf(scene), { protocol: 1 });
});

describe("TLS to the upstream", () => {
  const tls = selfSignedCertificate();
  for (const { name, trust, status, troubles } of [
    { name: "a certificate that nobody vouches for", trust: {}, status: 502, troubles: { tls: 1 } },
    { name: "with its authority", trust: { ca: tls?.cert }, status: 200, troubles: {} },
    { name: "unchecked", trust: { insecure: true }, status: 200, troubles: {} },
  ]) {
    test(name, async (t) => {
      if (tls === undefined) return t.skip("needs openssl: apt-get install openssl");
      const scene = await cacheScene(t, {
        upstream: { tls: { cert: tls.cert, key: tls.key } },
        through: { trust },
      });
      assert.equal((await scene.get("/v2/_catalog")).status, status);
      assert.deepEqual(await troublesOf(scene), troubles);
    });
  }
});
