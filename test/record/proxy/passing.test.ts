import { deepEqual, equal, ok } from "node:assert/strict";
import { once } from "node:events";
import { createServer, request } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { type TestContext, test } from "node:test";
import { millis } from "../../../src/core/units.ts";
import { startEmbeddedRegistry } from "../../../src/embedded/embedded-registry.ts";
import { needsDockerRegistry, startDockerRegistry } from "../../fakes/docker-registry.ts";
import { startRawServer } from "../../fakes/raw-server.ts";
import {
  type Asked,
  ask,
  digestOf,
  ended,
  pushInChunks,
  startRecordedProxy,
} from "./recorded-proxy.ts";

const content = Buffer.alloc(300_000, "blob ");
const blob = digestOf(content);

const registries = [
  {
    registry: "docker-registry",
    start: async (t: TestContext) => {
      const found = await startDockerRegistry();
      if (found !== undefined) t.after(() => found.stop());
      return found?.url;
    },
  },
  {
    registry: "the embedded registry",
    start: async (t: TestContext) => {
      const found = await startEmbeddedRegistry();
      t.after(() => found.close(millis(0)));
      return found.url;
    },
  },
] as const;

const reads: readonly { what: string; asked: Asked }[] = [
  { what: "the whole blob", asked: { path: `/v2/a/b/blobs/${blob}` } },
  { what: "its head", asked: { method: "HEAD", path: `/v2/a/b/blobs/${blob}` } },
  {
    what: "a range",
    asked: { path: `/v2/a/b/blobs/${blob}`, headers: { range: "bytes=100-199" } },
  },
  {
    what: "a range beyond its end",
    asked: { path: `/v2/a/b/blobs/${blob}`, headers: { range: "bytes=400000-" } },
  },
  {
    what: "a blob that is not there",
    asked: { path: `/v2/a/b/blobs/${digestOf(Buffer.from("x"))}` },
  },
  { what: "the ping", asked: { path: "/v2/" } },
  { what: "the catalogue", asked: { path: "/v2/_catalog?n=1" } },
  { what: "a path that means nothing", asked: { path: "/elsewhere%2f?q=1" } },
];

for (const { registry, start } of registries) {
  test(`what is read of ${registry} through the proxy is what is read directly`, async (t) => {
    const upstream = await start(t);
    if (upstream === undefined) return t.skip(needsDockerRegistry);
    const recorded = await startRecordedProxy(t, upstream);
    const { locations, status } = await pushInChunks(recorded.proxy.url, { name: "a/b", content });
    equal(status, 201);
    for (const location of locations) ok(!location.includes(upstream), location);
    for (const { what, asked } of reads) {
      const direct = await ask(upstream, asked);
      const through = await ask(recorded.proxy.url, asked);
      equal(through.status, direct.status, what);
      ok(through.body.equals(direct.body), what);
      // docker-registry breaks off its answer to a range beyond the end: so does the proxy.
      equal(through.isTorn, direct.isTorn, what);
      for (const name of ["content-length", "content-range", "content-type", "etag", "link"])
        equal(through.headers[name], direct.headers[name], `${name} of ${what}`);
    }
    await ended(recorded, 3 + reads.length);
    const [, patch] = recorded.exchanges();
    equal(patch?.class, "upload-patch");
    equal(patch?.req_bytes, content.length);
    const sizes = recorded.exchanges().map(({ res_bytes, method }) => `${method} ${res_bytes}`);
    deepEqual(sizes.slice(3, 6), ["GET 300000", "HEAD 0", "GET 100"]);
    deepEqual(recorded.image()[`/$registry/blobs/${blob}`], { size: 300_000, names: ["a/b"] });
  });

  test(`a mount at ${registry} adds a name to the blob in the image`, async (t) => {
    const upstream = await start(t);
    if (upstream === undefined) return t.skip(needsDockerRegistry);
    const recorded = await startRecordedProxy(t, upstream);
    await pushInChunks(recorded.proxy.url, { name: "a/b", content });
    const path = `/v2/c/d/blobs/uploads/?mount=${blob}&from=a/b`;
    const mounted = await ask(recorded.proxy.url, { method: "POST", path });
    equal(mounted.status, 201);
    await ended(recorded, 4);
    equal(recorded.exchanges()[3]?.class, "upload-mount");
    deepEqual(recorded.image()[`/$registry/blobs/${blob}`], {
      size: 300_000,
      names: ["a/b", "c/d"],
    });
  });
}

test("tags and blobs that are deleted leave the image", async (t) => {
  const upstream = await startEmbeddedRegistry();
  t.after(() => upstream.close(millis(0)));
  const recorded = await startRecordedProxy(t, upstream.url);
  const origin = recorded.proxy.url;
  await pushInChunks(origin, { name: "a", content });
  const mediaType = "application/vnd.oci.image.manifest.v1+json";
  const descriptor = { mediaType: "application/octet-stream", digest: blob, size: content.length };
  const manifest = Buffer.from(
    JSON.stringify({ schemaVersion: 2, mediaType, config: descriptor, layers: [] }),
  );
  const headers = { "content-type": mediaType };
  for (const tag of ["v1", "v2"])
    await ask(origin, { method: "PUT", path: `/v2/a/manifests/${tag}`, headers, body: manifest });
  await ended(recorded, 5);
  const tag = { digest: digestOf(manifest), media_type: mediaType, size: manifest.length };
  deepEqual(recorded.image()["/$registry/tags/a/v1"], tag);
  const gone = await ask(origin, { method: "DELETE", path: `/v2/a/manifests/${tag.digest}` });
  equal(gone.status, 202);
  equal((await ask(origin, { method: "DELETE", path: `/v2/a/blobs/${blob}` })).status, 202);
  await ended(recorded, 7);
  deepEqual(recorded.image(), {});
});

test("a pull that its client gives up is recorded as aborted by the client", async (t) => {
  const upstream = await startRawServer(t, [
    { bytes: "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\nbeginning" },
  ]);
  const recorded = await startRecordedProxy(t, `http://127.0.0.1:${upstream.port}`);
  const asked = request(`${recorded.proxy.url}/v2/a/blobs/${blob}`, { agent: false });
  asked.on("error", () => undefined);
  asked.once("response", (answer) => {
    answer.on("error", () => undefined);
    answer.once("data", () => asked.destroy());
  });
  asked.end();
  await ended(recorded, 1);
  const [exchange] = recorded.exchanges();
  equal(exchange?.aborted, "client");
  equal(exchange?.res_bytes, 9);
  deepEqual(recorded.image(), {});
});

test("a push that its client gives up is cut off at the upstream, too", async (t) => {
  const upstream = await startRawServer(t, [{ bytes: "" }]);
  const recorded = await startRecordedProxy(t, `http://127.0.0.1:${upstream.port}`);
  const asked = request(`${recorded.proxy.url}/v2/a/blobs/uploads/x`, {
    method: "PATCH",
    agent: false,
    headers: { "content-length": "1000" },
  });
  asked.on("error", () => undefined);
  asked.write("some");
  while (upstream.requests.length === 0) await new Promise((done) => setTimeout(done, 2));
  const [socket] = upstream.sockets;
  ok(socket !== undefined);
  const closed = once(socket, "close");
  asked.destroy();
  await closed;
  await ended(recorded, 1);
  const [exchange] = recorded.exchanges();
  equal(exchange?.aborted, "client");
  equal(exchange?.status, 0);
  equal(exchange?.req_bytes, 4);
});

for (const { what, bytes, ending, status } of [
  {
    what: "breaks off in the middle of a body",
    bytes: "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nbeginning",
    ending: "reset",
    status: 200,
  },
  { what: "hangs up without an answer", bytes: "", ending: "close", status: 502 },
] as const)
  test(`an upstream that ${what} is recorded as aborted by the upstream`, async (t) => {
    const upstream = await startRawServer(t, [{ bytes, ending }]);
    const recorded = await startRecordedProxy(t, `http://127.0.0.1:${upstream.port}`);
    const got = await ask(recorded.proxy.url, { path: `/v2/a/blobs/${blob}` }).catch(() => null);
    equal(got?.isTorn ?? true, status === 200);
    await ended(recorded, 1);
    equal(recorded.exchanges()[0]?.aborted, "upstream");
    equal(recorded.exchanges()[0]?.status, status);
    equal(recorded.proxy.state().abortedByUpstream, 1);
  });

test("a redirection to the upstream leads to the proxy, one to another host stays as it is", async (t) => {
  const elsewhere = "http://blobs.example/x?signature=secret-of-the-store";
  const to = { upstream: "" };
  const upstream = createServer((asked, answer) => {
    const location = asked.url?.endsWith("near") === true ? to.upstream : elsewhere;
    answer.writeHead(307, { location }).end();
  });
  await new Promise<void>((resolve) => upstream.listen(0, "127.0.0.1", resolve));
  t.after(() => upstream.close());
  const origin = `http://127.0.0.1:${(upstream.address() as AddressInfo).port}`;
  to.upstream = `${origin}/v2/x/blobs/uploads/y?_state=secret-of-the-upload`;
  const recorded = await startRecordedProxy(t, origin);
  const near = await ask(recorded.proxy.url, { path: "/v2/a/manifests/near" });
  equal(near.headers.location, to.upstream.replace(origin, recorded.proxy.url));
  const far = await ask(recorded.proxy.url, { path: "/v2/a/manifests/far" });
  equal(far.headers.location, elsewhere);
  await ended(recorded, 2);
  const written = recorded.events.map((event) =>
    "json" in event ? `${Buffer.from(event.json)}` : "",
  );
  ok(!written.join("\n").includes("secret-of"));
});

test("what is still open at a clean stop is recorded as aborted", async (t) => {
  const upstream = await startRawServer(t, [{ bytes: "" }]);
  const recorded = await startRecordedProxy(t, `http://127.0.0.1:${upstream.port}`, {
    grace: millis(20),
  });
  const asked = ask(recorded.proxy.url, { path: `/v2/a/blobs/${blob}` }).catch(() => null);
  while (upstream.requests.length === 0) await new Promise((done) => setTimeout(done, 2));
  await recorded.proxy.close();
  equal(await asked, null);
  equal(recorded.exchanges().length, 1);
  equal(recorded.exchanges()[0]?.aborted, "upstream");
});

for (const { what, head, status } of [
  {
    what: "for another protocol",
    head: "GET /v2/ HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
    status: 501,
  },
  {
    what: "for a tunnel",
    head: "CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n",
    status: 405,
  },
  {
    what: "with an unknown transfer coding",
    head: "POST /v2/ HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    status: 501,
  },
  { what: "that is no HTTP", head: "\x16\x03\x01 hello\r\n\r\n", status: 400 },
])
  test(`a request ${what} gets the answer ${status} and does not reach the upstream`, async (t) => {
    const upstream = await startRawServer(t, [{ bytes: "HTTP/1.1 200 OK\r\n\r\n" }]);
    const { proxy } = await startRecordedProxy(t, `http://127.0.0.1:${upstream.port}`);
    const socket = connect({ host: "127.0.0.1", port: proxy.port });
    socket.on("error", () => undefined);
    socket.write(head, "latin1");
    let said = "";
    socket.on("data", (piece: Buffer) => {
      said += piece.toString();
    });
    await once(socket, "close");
    equal(/^HTTP\/1\.1 (\d+)/.exec(said)?.[1], String(status));
    equal(upstream.requests.length, 0);
    equal(proxy.state().refused, 1);
  });

test("an offer of HTTP/2 is ignored, as a server may", async (t) => {
  const upstream = await startRawServer(t, [
    { bytes: "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok" },
  ]);
  const { proxy } = await startRecordedProxy(t, `http://127.0.0.1:${upstream.port}`);
  const headers = { connection: "Upgrade, HTTP2-Settings", upgrade: "h2c", "http2-settings": "AA" };
  const got = await ask(proxy.url, { path: "/v2/", headers });
  equal(got.status, 200);
  ok(!/upgrade|http2-settings/i.test(upstream.requests[0]?.head ?? ""));
});
