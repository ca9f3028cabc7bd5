import { after, before, test } from "node:test";
import {
  type EmbeddedRegistry,
  startEmbeddedRegistry,
} from "../../src/embedded/embedded-registry.ts";
import { needsDockerRegistry, startDockerRegistry } from "../fakes/docker-registry.ts";
import { type Case, converse, runCases, type Step } from "./exchange-script.ts";
import {
  absent,
  blob,
  digestOf,
  manifest,
  ociManifest,
  pushBlob,
  pushImage,
  putManifest,
} from "./sample-content.ts";

let registry: EmbeddedRegistry;
before(async () => {
  registry = await startEmbeddedRegistry({ behave: "distribution-2.8" });
});
after(() => registry.close());

const digest = digestOf(blob);
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

runCases("like distribution 2.8", () => registry.url, distribution);

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
