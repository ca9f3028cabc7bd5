import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import {
  type EmbeddedRegistry,
  startEmbeddedRegistry,
} from "../../src/embedded/embedded-registry.ts";
import { converse, runCases, type Step } from "./exchange-script.ts";
import {
  absent,
  blob,
  config,
  digestOf,
  manifest,
  manifestText,
  ociIndex,
  ociManifest,
  pushBlob,
  pushImage,
  putManifest,
} from "./sample-content.ts";

let registry: EmbeddedRegistry;
before(async () => {
  registry = await startEmbeddedRegistry();
  await converse(registry.url, pushImage("lib/app"));
});
after(() => registry.close());

const digest = digestOf(manifest);
const blobDigest = digestOf(blob);

const refused = (
  text: string,
  expect: Step["expect"],
  type = ociManifest,
  reference = "v2",
): Step => ({
  when: `PUT /v2/lib/app/manifests/${reference}`,
  headers: { "content-type": type },
  body: text,
  expect,
});
const invalid = { status: 400, code: "MANIFEST_INVALID" };
const incomplete = { status: 400, code: "MANIFEST_BLOB_UNKNOWN" };

const index = (...digests: string[]): string =>
  JSON.stringify({
    schemaVersion: 2,
    mediaType: ociIndex,
    manifests: digests.map((child) => ({
      mediaType: ociManifest,
      digest: child,
      size: manifest.length,
    })),
  });

runCases("manifest PUT", () => registry.url, [
  {
    name: "answers with Location and digest",
    steps: [
      {
        ...putManifest("lib/app", "v1"),
        expect: {
          status: 201,
          headers: {
            location: new RegExp(`/v2/lib/app/manifests/${digest}$`),
            "docker-content-digest": digest,
            "oci-subject": undefined,
          },
        },
      },
    ],
  },
  {
    name: "what is no manifest is 400",
    steps: [
      refused("garbage", invalid),
      refused("[]", invalid),
      refused("", invalid),
      refused(manifestText({ schemaVersion: 1 }), invalid),
      refused(manifestText({ layers: {} }), invalid),
      refused(manifestText({ config: { size: 3 } }), invalid),
      refused(manifestText({ mediaType: ociIndex }), invalid),
      refused(manifest, invalid, ociIndex),
      refused('{"a":1}', invalid, ""),
      refused(manifestText({ config: { digest: "x", size: 3 } }), invalid),
      refused(manifestText({ subject: { digest: "a\r\nx: y", size: 3 } }), invalid),
      refused('{"mediaType":"a/b\u20ac"}', invalid, ""),
      refused(`{"a":${"[".repeat(500_000)}`, invalid),
      refused(JSON.stringify({ schemaVersion: 2, manifests: [{}] }), invalid, ociIndex),
    ],
  },
  {
    name: "references to content that is not there are 400",
    steps: [
      refused(manifestText({ config: { digest: absent, size: 3 } }), incomplete),
      refused(manifestText({ layers: [{ digest: absent, size: 3 }] }), {
        ...incomplete,
        body: new RegExp(absent),
      }),
      refused(index(absent), incomplete, ociIndex),
      { ...refused(manifest, incomplete), when: "PUT /v2/lib/empty/manifests/v1" },
    ],
  },
  {
    name: "layers that live at a URL need not be there",
    steps: [
      refused(manifestText({ layers: [{ digest: absent, size: 3, urls: ["http://x/"] }] }), 201),
    ],
  },
  {
    name: "an index needs its manifests",
    steps: [{ ...refused(index(digest), 201, ociIndex), when: "PUT /v2/lib/app/manifests/multi" }],
  },
  {
    name: "media types that nobody knows are kept",
    steps: [
      refused('{"a":1}', 201, "application/vnd.example+json", "odd"),
      {
        when: "GET /v2/lib/app/manifests/odd",
        expect: {
          status: 200,
          headers: { "content-type": "application/vnd.example+json" },
          body: '{"a":1}',
        },
      },
    ],
  },
  {
    name: "by digest, with tags in the query",
    steps: [
      {
        ...refused(manifest, 201, ociManifest, `${digest}?tag=t1&tag=t2`),
        expect: { status: 201, headers: { "oci-tag": "t1, t2" } },
      },
      { when: "GET /v2/lib/app/manifests/t2", expect: { status: 200, body: manifest } },
      refused(manifest, { status: 400, code: "DIGEST_INVALID" }, ociManifest, absent),
      refused(manifest, { status: 400, code: "TAG_INVALID" }, ociManifest, "-bad"),
      refused(manifest, { status: 400, code: "DIGEST_INVALID" }, ociManifest, "sha256:bad"),
    ],
  },
  {
    name: "up to 4 MiB",
    steps: [
      refused(manifestText({ annotations: { a: "x".repeat(4_193_000) } }), 201),
      refused(manifestText({ annotations: { a: "x".repeat(4_194_304) } }), {
        status: 413,
        code: "SIZE_INVALID",
      }),
    ],
  },
  {
    name: "a tag moves to the next manifest",
    steps: [
      putManifest("lib/app", "moving"),
      putManifest("lib/app", "moving", manifestText({ annotations: { a: "b" } })),
      {
        when: "GET /v2/lib/app/manifests/moving",
        expect: { status: 200, body: manifestText({ annotations: { a: "b" } }) },
      },
    ],
  },
]);

runCases("delete", () => registry.url, [
  {
    name: "a tag goes alone, a digest takes its tags along",
    steps: [
      ...pushImage("del/one"),
      putManifest("del/one", "v2"),
      { when: "DELETE /v2/del/one/manifests/v1", expect: 202 },
      { when: "GET /v2/del/one/manifests/v1", expect: 404 },
      { when: "GET /v2/del/one/manifests/v2", expect: 200 },
      { when: `DELETE /v2/del/one/manifests/${digest}`, expect: 202 },
      { when: "GET /v2/del/one/manifests/v2", expect: 404 },
      {
        when: "GET /v2/del/one/tags/list",
        expect: { status: 200, body: { name: "del/one", tags: [] } },
      },
      {
        when: `DELETE /v2/del/one/manifests/${digest}`,
        expect: { status: 404, code: "MANIFEST_UNKNOWN" },
      },
      { when: "DELETE /v2/del/one/manifests/v1", expect: 404 },
      { when: "DELETE /v2/del/none/manifests/v1", expect: { status: 404, code: "NAME_UNKNOWN" } },
    ],
  },
  {
    name: "a blob goes from its repository only",
    steps: [
      ...pushBlob("del/a"),
      ...pushBlob("del/b"),
      { when: `DELETE /v2/del/a/blobs/${blobDigest}`, expect: 202 },
      { when: `GET /v2/del/a/blobs/${blobDigest}`, expect: 404 },
      { when: `GET /v2/del/b/blobs/${blobDigest}`, expect: { status: 200, body: blob } },
      {
        when: `DELETE /v2/del/a/blobs/${blobDigest}`,
        expect: { status: 404, code: "BLOB_UNKNOWN" },
      },
    ],
  },
]);

test("delete: memory is free again when the last repository lets a blob go", async (t) => {
  const own = await startEmbeddedRegistry();
  t.after(() => own.close());
  const stored = async () => (await own.stats()).stored;
  await converse(own.url, [
    ...pushImage("a"),
    ...pushImage("b"),
    ...pushBlob("b"),
    { when: `POST /v2/c/blobs/uploads/?mount=${blobDigest}&from=a`, expect: 201 },
  ]);
  const full = await stored();
  assert.equal(full.bytes, blob.length + config.length + 2 * manifest.length);
  assert.deepEqual([full.blobs, full.manifests, full.tags, full.repositories], [2, 2, 2, 3]);
  for (const name of ["a", "b", "c"]) {
    await converse(own.url, [{ when: `DELETE /v2/${name}/blobs/${blobDigest}`, expect: 202 }]);
  }
  assert.equal((await stored()).bytes, config.length + 2 * manifest.length);
  for (const name of ["a", "b"]) {
    await converse(own.url, [
      { when: `DELETE /v2/${name}/blobs/${digestOf(config)}`, expect: 202 },
      { when: `DELETE /v2/${name}/manifests/${digest}`, expect: 202 },
    ]);
  }
  const empty = await stored();
  assert.deepEqual([empty.bytes, empty.blobs, empty.manifests, empty.tags], [0, 0, 0, 0]);
});
