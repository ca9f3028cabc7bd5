import { once } from "node:events";
import { connect } from "node:net";
import { after, before, test } from "node:test";
import {
  type EmbeddedRegistry,
  startEmbeddedRegistry,
} from "../../src/embedded/embedded-registry.ts";
import { converse, runCases } from "./exchange-script.ts";
import { absent, blob, digestOf, manifest, ociManifest, pushImage } from "./sample-content.ts";

let registry: EmbeddedRegistry;
before(async () => {
  registry = await startEmbeddedRegistry();
  await converse(registry.url, pushImage("lib/app"));
  await converse(registry.url, pushImage("lib/manifests/blobs/uploads/app"));
});
after(() => registry.close());

const digest = digestOf(blob);
const etag = `"${digest}"`;
const path = `/v2/lib/app/blobs/${digest}`;
const identity = { "docker-content-digest": digest, etag };
const manifestDigest = digestOf(manifest);

runCases("ping and paths", () => registry.url, [
  {
    name: "the root answers with the API version",
    steps: [
      {
        when: "GET /v2/",
        expect: {
          status: 200,
          headers: { "docker-distribution-api-version": "registry/2.0" },
          body: "{}",
        },
      },
      { when: "HEAD /v2/", expect: { status: 200, body: "" } },
      { when: "GET /v2", expect: 200 },
    ],
  },
  {
    name: "paths outside of the API are 404",
    steps: [
      { when: "GET /", expect: 404 },
      { when: "GET /v2/lib/app", expect: 404 },
      { when: "GET /v2/%zz/blobs/x", expect: 404 },
      { when: "GET /token", expect: 404 },
    ],
  },
  {
    name: "methods that a path does not know are 405 with Allow",
    steps: [
      {
        when: "PUT /v2/",
        expect: { status: 405, code: "UNSUPPORTED", headers: { allow: "GET, HEAD" } },
      },
      { when: `PATCH ${path}`, expect: { status: 405, headers: { allow: "GET, HEAD, DELETE" } } },
      {
        when: "GET /v2/lib/app/blobs/uploads/",
        expect: { status: 405, headers: { allow: "POST" } },
      },
      { when: "POST /v2/lib/app/tags/list", expect: { status: 405, headers: { allow: "GET" } } },
    ],
  },
  {
    name: "names that the grammar forbids are 400",
    steps: ["Lib/app", "lib//app", "lib/app.", "_lib", `a/${"b".repeat(254)}`].map((name) => ({
      when: `GET /v2/${name}/manifests/v1`,
      expect: { status: 400, code: "NAME_INVALID" },
    })),
  },
  {
    name: "the path is split at the last keyword, so that names may contain keywords",
    steps: [
      {
        when: `GET /v2/lib/manifests/blobs/uploads/app/blobs/${digest}`,
        expect: { status: 200, body: blob },
      },
      { when: "GET /v2/lib/manifests/blobs/uploads/app/manifests/v1", expect: 200 },
      { when: "GET /v2/lib/manifests/blobs/uploads/app/tags/list", expect: 200 },
    ],
  },
]);

runCases("blobs", () => registry.url, [
  {
    name: "GET and HEAD tell length, type and digest",
    steps: ["GET", "HEAD"].map((method) => ({
      when: `${method} ${path}`,
      expect: {
        status: 200,
        headers: {
          ...identity,
          "content-length": "23",
          "content-type": "application/octet-stream",
        },
        body: method === "GET" ? blob : "",
      },
    })),
  },
  {
    name: "a digest may come with its colon escaped",
    steps: [{ when: `GET ${path.replace(":", "%3A")}`, expect: { status: 200, body: blob } }],
  },
  {
    name: "unknown blobs, repositories and malformed digests",
    steps: [
      { when: `GET /v2/lib/app/blobs/${absent}`, expect: { status: 404, code: "BLOB_UNKNOWN" } },
      { when: `GET /v2/lib/other/blobs/${digest}`, expect: { status: 404, code: "BLOB_UNKNOWN" } },
      { when: `HEAD /v2/lib/app/blobs/${absent}`, expect: { status: 404, body: "" } },
      ...["sha256:abc", "md5:d41d8cd98f00b204e9800998ecf8427e", digest.toUpperCase()].map(
        (wrong) => ({
          when: `GET /v2/lib/app/blobs/${wrong}`,
          expect: { status: 400, code: "DIGEST_INVALID" },
        }),
      ),
    ],
  },
  {
    name: "a client that has it already gets 304",
    steps: [etag, `W/${etag}`, `"x", ${etag}`, "*"].map((value) => ({
      when: `GET ${path}`,
      headers: { "if-none-match": value },
      expect: { status: 304, headers: { ...identity, "content-length": undefined }, body: "" },
    })),
  },
  {
    name: "another entity tag gets the content",
    steps: [
      {
        when: `GET ${path}`,
        headers: { "if-none-match": '"x"' },
        expect: { status: 200, body: blob },
      },
    ],
  },
  {
    name: "one interval is served, satisfied as far as the content goes",
    steps: [
      { range: "bytes=0-0", got: "0", says: "bytes 0-0/23" },
      { range: "bytes=5-9", got: "56789", says: "bytes 5-9/23" },
      { range: "bytes=18-", got: " blob", says: "bytes 18-22/23" },
      { range: "bytes=18-999", got: " blob", says: "bytes 18-22/23" },
      { range: "bytes=-4", got: "blob", says: "bytes 19-22/23" },
      { range: "bytes=-999", got: String(blob), says: "bytes 0-22/23" },
    ].map(({ range, got, says }) => ({
      when: `GET ${path}`,
      headers: { range },
      expect: {
        status: 206,
        headers: { ...identity, "content-range": says, "content-length": String(got.length) },
        body: got,
      },
    })),
  },
  {
    name: "an interval behind the end is 416 and tells the size",
    steps: ["bytes=23-", "bytes=23-30", "bytes=-0"].map((range) => ({
      when: `GET ${path}`,
      headers: { range },
      expect: { status: 416, headers: { "content-range": "bytes */23" } },
    })),
  },
  {
    name: "what a server may ignore gets everything",
    steps: ["bytes=0-1,3-4", "bytes=5-2", "bytes=x-", "lines=1-2", "bytes=-"].map((range) => ({
      when: `GET ${path}`,
      headers: { range },
      expect: { status: 200, body: blob },
    })),
  },
  {
    name: "If-Range decides between the rest and everything",
    steps: [
      { when: `GET ${path}`, headers: { range: "bytes=19-", "if-range": etag }, expect: 206 },
      { when: `GET ${path}`, headers: { range: "bytes=19-", "if-range": '"x"' }, expect: 200 },
    ],
  },
]);

runCases("manifests", () => registry.url, [
  {
    name: "by tag and by digest, byte for byte",
    steps: ["GET", "HEAD"].flatMap((method) =>
      ["v1", manifestDigest].map((reference) => ({
        when: `${method} /v2/lib/app/manifests/${reference}`,
        expect: {
          status: 200,
          headers: {
            "content-type": ociManifest,
            "content-length": String(manifest.length),
            "docker-content-digest": manifestDigest,
            etag: `"${manifestDigest}"`,
          },
          body: method === "GET" ? manifest : "",
        },
      })),
    ),
  },
  {
    name: "a known manifest is 304",
    steps: [
      {
        when: "GET /v2/lib/app/manifests/v1",
        headers: { "if-none-match": `"${manifestDigest}"` },
        expect: 304,
      },
    ],
  },
  {
    name: "unknown tag, digest and repository",
    steps: [
      { when: "GET /v2/lib/app/manifests/v2", expect: { status: 404, code: "MANIFEST_UNKNOWN" } },
      {
        when: `GET /v2/lib/app/manifests/${absent}`,
        expect: { status: 404, code: "MANIFEST_UNKNOWN" },
      },
      { when: "GET /v2/lib/none/manifests/v1", expect: { status: 404, code: "NAME_UNKNOWN" } },
      {
        when: "GET /v2/lib/app/manifests/sha256:x",
        expect: { status: 400, code: "DIGEST_INVALID" },
      },
    ],
  },
]);

test("a registry survives requests that are none, and goes on", async () => {
  for (const text of [
    "nonsense\r\n\r\n",
    "GET /v2/ HTTP/1.1\r\n\r\n",
    "GET /v2/\u00ff/tags/list HTTP/1.1\r\nHost: \u00ff\r\n\r\n",
    "POST /v2/x/blobs/uploads/ HTTP/1.1\r\nHost: a\u00ffb\r\nContent-Length: 0\r\n\r\n",
    "GET http://elsewhere/v2/ HTTP/1.1\r\nHost: elsewhere\r\nConnection: close\r\n\r\n",
    "PUT /v2/x/manifests/v1 HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    "DELETE /v2/x/manifests/v1 HTTP/1.0\r\n\r\n",
  ]) {
    const socket = connect(registry.port, "127.0.0.1");
    socket.on("error", () => undefined);
    socket.end(text, "latin1");
    socket.resume();
    await once(socket, "close");
  }
  await converse(registry.url, [{ when: "GET /v2/", expect: 200 }]);
});
