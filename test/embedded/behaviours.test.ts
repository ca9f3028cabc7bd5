import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { BehaviourName } from "../../src/embedded/behaviour.ts";
import {
  type EmbeddedRegistry,
  startEmbeddedRegistry,
} from "../../src/embedded/embedded-registry.ts";
import { converse, type Received, runCases, type Step } from "./exchange-script.ts";
import {
  absent,
  blob,
  config,
  digestOf,
  manifest,
  ociManifest,
  putManifest,
} from "./sample-content.ts";

const registries = new Map<BehaviourName, EmbeddedRegistry>();
const names = ["crane", "ociregistry"] as const;
before(async () => {
  for (const behave of names) {
    const generate = behave === "ociregistry" ? "repos=1,layers=1,sizes=3000,tag=v1" : undefined;
    registries.set(behave, await startEmbeddedRegistry({ behave, generate, seed: "1" }));
  }
});
after(() => Promise.all([...registries.values()].map((registry) => registry.close())));
const base = (behave: BehaviourName) => () => registries.get(behave)?.url ?? "";

const digest = digestOf(blob);
const accept = { accept: ociManifest };
const odd = (name: string, text: string, expect: Step["expect"]): Step => ({
  when: `PUT /v2/${name}/manifests/odd`,
  headers: { "content-type": ociManifest },
  body: text,
  expect,
});
const missing = JSON.stringify({
  schemaVersion: 2,
  mediaType: ociManifest,
  config: { digest: absent, size: 1 },
  layers: [],
});

runCases("like crane", base("crane"), [
  {
    name: "blobs without ETag, 304 and type; ranges are served",
    steps: [
      ...["c/read"].flatMap((name) => [...pushCrane(name, blob), ...pushCrane(name, config)]),
      {
        when: `GET /v2/c/read/blobs/${digest}`,
        headers: { "if-none-match": `"${digest}"` },
        expect: {
          status: 200,
          headers: { etag: undefined, "content-type": undefined, "content-length": "23" },
          body: blob,
        },
      },
      {
        when: `GET /v2/c/read/blobs/${digest}`,
        headers: { range: "bytes=5-9" },
        expect: { status: 206, body: "56789" },
      },
      { when: `GET /v2/c/elsewhere/blobs/${digest}`, expect: 200 },
    ],
  },
  {
    name: "PATCH is 204, a wrong range 416, the state of an upload 400",
    steps: [
      {
        when: "POST /v2/c/up/blobs/uploads/",
        expect: { status: 202, headers: { location: /^\/v2\// } },
      },
      { when: "PATCH @", headers: { "content-range": "3-5" }, body: "abc", expect: 416 },
      { when: "PATCH @", headers: { "content-range": "0-22" }, body: blob, expect: 204 },
      { when: "GET @", expect: 400 },
      { when: "DELETE @", expect: 400 },
      { when: `PUT @digest=${digest}`, expect: { status: 201, headers: { location: undefined } } },
      { when: `POST /v2/c/single/blobs/uploads/?digest=${digest}`, body: blob, expect: 201 },
    ],
  },
  {
    name: "nothing is mounted, and manifests may be anything",
    steps: [
      ...pushCrane("c/from", blob),
      { when: `POST /v2/c/to/blobs/uploads/?mount=${digest}&from=c/from`, expect: 202 },
      odd("c/odd", "garbage", { status: 201, headers: { location: undefined } }),
      odd("c/odd", missing, 201),
      {
        when: "GET /v2/c/odd/manifests/odd",
        expect: { status: 200, body: missing, headers: { "content-type": ociManifest } },
      },
    ],
  },
  {
    name: "tags stay when their digest is deleted; they can be deleted themselves",
    steps: [
      putManifest("c/del", "v1"),
      { when: `DELETE /v2/c/del/manifests/${digestOf(manifest)}`, expect: 202 },
      { when: `GET /v2/c/del/manifests/${digestOf(manifest)}`, expect: 404 },
      { when: "GET /v2/c/del/manifests/v1", expect: 200 },
      { when: "DELETE /v2/c/del/manifests/v1", expect: 202 },
      { when: "GET /v2/c/del/manifests/v1", expect: 404 },
    ],
  },
  {
    name: "lists are cut at n without a Link, and there are no referrers",
    steps: [
      putManifest("c/tags", "v1"),
      putManifest("c/tags", "v2"),
      {
        when: "GET /v2/c/tags/tags/list?n=1",
        expect: {
          status: 200,
          headers: { link: undefined },
          body: { name: "c/tags", tags: ["v1"] },
        },
      },
      {
        when: "GET /v2/_catalog?n=1",
        expect: {
          status: 200,
          headers: { link: undefined },
          body: /^\{"repositories":\["[^"]+"\]\}/,
        },
      },
      { when: `GET /v2/c/tags/referrers/${digest}`, expect: 404 },
    ],
  },
  {
    name: "a deleted blob is gone everywhere",
    steps: [
      ...pushCrane("c/x", config),
      { when: `DELETE /v2/c/y/blobs/${digestOf(config)}`, expect: 202 },
      { when: `GET /v2/c/x/blobs/${digestOf(config)}`, expect: 404 },
    ],
  },
]);

function pushCrane(name: string, content: Buffer): Step[] {
  return [
    {
      when: `POST /v2/${name}/blobs/uploads/?digest=${digestOf(content)}`,
      body: content,
      expect: 201,
    },
  ];
}

runCases("like Ociregistry", base("ociregistry"), [
  {
    name: "only ping, manifests and blobs exist",
    steps: [
      { when: "GET /v2/", expect: { status: 200, body: '"true"' } },
      { when: "POST /v2/docker.io/a/blobs/uploads/", expect: 405 },
      { when: "PUT /v2/docker.io/a/manifests/v1", expect: 405 },
      { when: "DELETE /v2/docker.io/a/manifests/v1", expect: 405 },
      { when: "GET /v2/docker.io/a/tags/list", expect: 405 },
      { when: `GET /v2/docker.io/a/referrers/${digest}`, expect: 405 },
      { when: `HEAD /v2/docker.io/a/blobs/${digest}`, expect: 405 },
      { when: "GET /v2/_catalog", expect: 404 },
    ],
  },
  {
    name: "a missing manifest is an empty 500",
    steps: [{ when: "GET /v2/docker.io/a/manifests/v1", expect: { status: 500, body: "" } }],
  },
  {
    name: "the name needs a namespace with a dot, one only, and has four segments at most",
    steps: ["a/b", "docker.io/quay.io/a", "docker.io/a/b/c/d"].map((name) => ({
      when: `GET /v2/${name}/manifests/v1`,
      expect: { status: 400, code: "NAME_INVALID" },
    })),
  },
]);

test("like Ociregistry: blobs come in chunks, whole whatever the range, under any namespace", async () => {
  const url = base("ociregistry")();
  const catalog = await startEmbeddedRegistry({
    generate: "repos=1,layers=1,sizes=3000,tag=v1",
    seed: "1",
  });
  const [listing] = await converse(catalog.url, [{ when: "GET /v2/_catalog", expect: 200 }]);
  await catalog.close();
  const name = JSON.parse(String(listing?.body)).repositories[0];
  const [plain] = await converse(url, [
    { when: `GET /v2/docker.io/${name}/manifests/V1`, headers: accept, expect: 200 },
    { when: `GET /v2/${name}/manifests/v1?ns=docker.io`, expect: 200 },
    { when: `GET /v2/${name}/manifests/v1`, headers: { "x-registry": "docker.io" }, expect: 200 },
  ]);
  const layer = JSON.parse(String((plain as Received).body)).layers[0];
  const [got] = await converse(url, [
    {
      when: `GET /v2/docker.io/${name}/blobs/${layer.digest}`,
      headers: { range: "bytes=0-1" },
      expect: {
        status: 200,
        headers: {
          "content-length": undefined,
          "docker-content-digest": undefined,
          "transfer-encoding": "chunked",
        },
      },
    },
  ]);
  assert.equal(digestOf((got as Received).body), layer.digest);
});
