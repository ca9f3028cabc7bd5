import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { BehaviourName } from "../../src/embedded/behaviour.ts";
import {
  type EmbeddedRegistry,
  startEmbeddedRegistry,
} from "../../src/embedded/embedded-registry.ts";
import { needsDockerRegistry, startDockerRegistry } from "../fakes/docker-registry.ts";
import { type Case, converse, type Received, runCases, type Step } from "./exchange-script.ts";
import {
  absent,
  blob,
  config,
  digestOf,
  manifest,
  ociManifest,
  pushBlob,
  pushImage,
  putManifest,
} from "./sample-content.ts";

const registries = new Map<BehaviourName, EmbeddedRegistry>();
const names = ["distribution-2.8", "crane", "ociregistry"] as const;
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

/** Every row of the column that can be asked of the real registry too. */
const distribution: readonly Case[] = [
  {
    name: "blobs know HEAD, ETag, Range and 304",
    steps: [
      ...pushImage("d/read"),
      {
        when: `HEAD /v2/d/read/blobs/${digest}`,
        expect: { status: 200, headers: { etag: `"${digest}"`, "content-length": "23" } },
      },
      {
        when: `GET /v2/d/read/blobs/${digest}`,
        headers: { range: "bytes=5-9" },
        expect: { status: 206, body: "56789" },
      },
      {
        when: `GET /v2/d/read/blobs/${digest}`,
        headers: { "if-none-match": `"${digest}"` },
        expect: 304,
      },
    ],
  },
  {
    name: "an OCI manifest is 404 for a client that does not name its type",
    steps: [
      ...pushImage("d/accept"),
      { when: "GET /v2/d/accept/manifests/v1", expect: { status: 404, code: "MANIFEST_UNKNOWN" } },
      { when: "GET /v2/d/accept/manifests/v1", headers: { accept: "*/*" }, expect: 404 },
      {
        when: "GET /v2/d/accept/manifests/v1",
        headers: { accept: `a/b, ${ociManifest};q=0.5` },
        expect: { status: 200, body: manifest },
      },
    ],
  },
  {
    name: "a single POST only opens the upload",
    steps: [
      { when: `POST /v2/d/post/blobs/uploads/?digest=${digest}`, body: blob, expect: 202 },
      { when: `PUT @digest=${digest}`, body: blob, expect: 201 },
    ],
  },
  {
    name: "a wrong Content-Range is not looked at",
    steps: [
      {
        when: "POST /v2/d/chunk/blobs/uploads/",
        expect: { status: 202, headers: { range: "0-0" } },
      },
      {
        when: "PATCH @",
        headers: { "content-range": "5-16" },
        body: blob.subarray(0, 12),
        expect: { status: 202, headers: { range: "0-11" } },
      },
      { when: "GET @", expect: { status: 204, headers: { range: "0-11" } } },
      { when: "DELETE @", expect: 204 },
    ],
  },
  {
    name: "an existing blob is mounted",
    steps: [
      ...pushBlob("d/from"),
      {
        when: `POST /v2/d/to/blobs/uploads/?mount=${digest}&from=d/from`,
        expect: { status: 201, headers: { location: /d\/to\/blobs\/sha256/ } },
      },
      { when: `POST /v2/d/to/blobs/uploads/?mount=${absent}&from=d/from`, expect: 202 },
    ],
  },
  {
    name: "an OCI manifest without its version fails, other garbage, unknown types and missing blobs are 400",
    steps: [
      ...pushBlob("d/odd"),
      odd("d/odd", "{}", { status: 500, code: "UNKNOWN" }),
      odd("d/odd", "garbage", { status: 400, code: "MANIFEST_INVALID" }),
      {
        ...odd("d/odd", "{}", { status: 400, code: "MANIFEST_INVALID" }),
        headers: { "content-type": "a/b" },
      },
      odd("d/odd", missing, { status: 400, code: "MANIFEST_BLOB_UNKNOWN" }),
    ],
  },
  {
    name: "tags are deleted by digest only, and the list is null then",
    steps: [
      ...pushImage("d/del"),
      { when: "DELETE /v2/d/del/manifests/v1", expect: { status: 400, code: "DIGEST_INVALID" } },
      { when: `DELETE /v2/d/del/manifests/${digestOf(manifest)}`, expect: 202 },
      {
        when: "GET /v2/d/del/tags/list",
        expect: { status: 200, body: { name: "d/del", tags: null } },
      },
    ],
  },
  {
    name: "a blob is deleted from its repository only",
    steps: [
      ...pushBlob("d/one"),
      ...pushBlob("d/two"),
      { when: `DELETE /v2/d/one/blobs/${digest}`, expect: 202 },
      { when: `GET /v2/d/one/blobs/${digest}`, expect: 404 },
      { when: `GET /v2/d/two/blobs/${digest}`, expect: 200 },
    ],
  },
  {
    name: "tags ignore n, the catalog refuses large n and gives nothing for 0",
    steps: [
      ...pushImage("d/tags"),
      putManifest("d/tags", "v2"),
      {
        when: "GET /v2/d/tags/tags/list?n=1",
        expect: { status: 200, body: /"v1".*"v2"|"v2".*"v1"/, headers: { link: undefined } },
      },
      {
        when: "GET /v2/_catalog?n=1001",
        expect: { status: 400, code: "PAGINATION_NUMBER_INVALID" },
      },
      {
        when: "GET /v2/_catalog?n=1",
        expect: { status: 200, headers: { link: /_catalog\?last=.*n=1.*rel="next"/ } },
      },
      { when: "GET /v2/_catalog?n=0", expect: { status: 200, body: { repositories: [] } } },
    ],
  },
  {
    name: "referrers are a plain 404",
    steps: [
      {
        when: `GET /v2/d/read/referrers/${digest}`,
        expect: { status: 404, headers: { "content-type": /^text\/plain/ } },
      },
    ],
  },
];

runCases("like distribution 2.8", base("distribution-2.8"), distribution);

test("like distribution 2.8: the real registry gives the same answers", async (t) => {
  const real = await startDockerRegistry();
  if (real === undefined) return t.skip(needsDockerRegistry);
  try {
    for (const { name, steps } of distribution) {
      await t.test(name, async () => {
        await converse(real.url, steps);
      });
    }
  } finally {
    await real.stop();
  }
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
