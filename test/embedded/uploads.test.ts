import { after, before } from "node:test";
import {
  type EmbeddedRegistry,
  startEmbeddedRegistry,
} from "../../src/embedded/embedded-registry.ts";
import { runCases } from "./exchange-script.ts";
import { absent, blob, digestOf, pushBlob } from "./sample-content.ts";

let registry: EmbeddedRegistry;
before(async () => {
  registry = await startEmbeddedRegistry();
});
after(() => registry.close());

const digest = digestOf(blob);
const start = { when: "POST /v2/up/load/blobs/uploads/", expect: 202 };
const stored = (name = "up/load") => ({
  when: `GET /v2/${name}/blobs/${digest}`,
  expect: { status: 200, body: blob },
});
const [first, second] = [blob.subarray(0, 12), blob.subarray(12)];

runCases("uploads", () => registry.url, [
  {
    name: "POST, then the body in one PUT",
    steps: [
      {
        ...start,
        expect: {
          status: 202,
          headers: {
            location: /^http:\/\/127\.0\.0\.1:\d+\/v2\/up\/load\/blobs\/uploads\/[-0-9a-f]{36}$/,
            range: "0-0",
            "docker-upload-uuid": /^[-0-9a-f]{36}$/,
          },
        },
      },
      {
        when: `PUT @digest=${digest}`,
        body: blob,
        expect: {
          status: 201,
          headers: { location: /\/v2\/up\/load\/blobs\/sha256:/, "docker-content-digest": digest },
        },
      },
      stored(),
    ],
  },
  {
    name: "a single POST with the body",
    steps: [
      { when: `POST /v2/up/single/blobs/uploads/?digest=${digest}`, body: blob, expect: 201 },
      stored("up/single"),
      {
        when: `POST /v2/up/single/blobs/uploads/?digest=${absent}`,
        body: blob,
        expect: { status: 400, code: "DIGEST_INVALID" },
      },
      {
        when: "POST /v2/up/single/blobs/uploads/?digest=sha256:12",
        expect: { status: 400, code: "DIGEST_INVALID" },
      },
    ],
  },
  {
    name: "chunks with ranges, the state in between, and an empty PUT",
    steps: [
      start,
      {
        when: "PATCH @",
        headers: { "content-range": "0-11" },
        body: first,
        expect: { status: 202, headers: { range: "0-11" } },
      },
      { when: "GET @", expect: { status: 204, headers: { range: "0-11", location: /uploads/ } } },
      {
        when: "PATCH @",
        headers: { "content-range": "12-22" },
        body: second,
        expect: { status: 202, headers: { range: "0-22" } },
      },
      { when: `PUT @digest=${digest}`, expect: 201 },
      stored(),
    ],
  },
  {
    name: "one streaming PATCH without a range, as docker sends it",
    steps: [
      start,
      { when: "PATCH @", body: blob, expect: 202 },
      { when: `PUT @digest=${digest}`, expect: 201 },
    ],
  },
  {
    name: "the last chunk may come with the PUT",
    steps: [
      start,
      { when: "PATCH @", headers: { "content-range": "0-11" }, body: first, expect: 202 },
      {
        when: `PUT @digest=${digest}`,
        headers: { "content-range": "12-22" },
        body: second,
        expect: 201,
      },
    ],
  },
  {
    name: "a chunk in the wrong place is 416 and tells where the upload stands",
    steps: [
      start,
      { when: "PATCH @", headers: { "content-range": "0-11" }, body: first, expect: 202 },
      ...["0-11", "13-23"].map((range) => ({
        when: "PATCH @",
        headers: { "content-range": range },
        body: first,
        expect: { status: 416, headers: { range: "0-11", location: /uploads/ } },
      })),
      {
        when: `PUT @digest=${digest}`,
        headers: { "content-range": "0-22" },
        body: blob,
        expect: 416,
      },
      { when: "PATCH @", headers: { "content-range": "12-22" }, body: second, expect: 202 },
    ],
  },
  {
    name: "ranges that are malformed or do not fit the body are 400",
    steps: [
      start,
      {
        when: "PATCH @",
        headers: { "content-range": "11-0" },
        body: first,
        expect: { status: 400, code: "BLOB_UPLOAD_INVALID" },
      },
      {
        when: "PATCH @",
        headers: { "content-range": "0-5" },
        body: first,
        expect: { status: 400, code: "SIZE_INVALID" },
      },
    ],
  },
  {
    name: "a wrong or missing digest is 400, and a wrong one ends the upload",
    steps: [
      start,
      { when: "PUT @", body: blob, expect: { status: 400, code: "DIGEST_INVALID" } },
      {
        when: `PUT @digest=${absent}`,
        body: blob,
        expect: { status: 400, code: "DIGEST_INVALID" },
      },
      {
        when: `PUT @digest=${digest}`,
        body: blob,
        expect: { status: 404, code: "BLOB_UPLOAD_UNKNOWN" },
      },
    ],
  },
  {
    name: "cancelled and unknown uploads are 404",
    steps: [
      start,
      { when: "DELETE @", expect: 204 },
      { when: "GET @", expect: { status: 404, code: "BLOB_UPLOAD_UNKNOWN" } },
      { when: "DELETE @", expect: 404 },
      { when: "PATCH /v2/up/load/blobs/uploads/x", expect: 404 },
    ],
  },
  {
    name: "sha512, announced or only named at the end",
    steps: [
      { when: "POST /v2/up/long/blobs/uploads/?digest-algorithm=sha512", expect: 202 },
      { when: `PUT @digest=${digestOf(blob, "sha512")}`, body: blob, expect: 201 },
      start,
      { when: "PATCH @", body: first, expect: 202 },
      { when: `PUT @digest=${digestOf(blob, "sha512")}`, body: second, expect: 201 },
      {
        when: `GET /v2/up/load/blobs/${digestOf(blob, "sha512")}`,
        expect: { status: 200, body: blob },
      },
      {
        when: "POST /v2/up/long/blobs/uploads/?digest-algorithm=md5",
        expect: { status: 400, code: "DIGEST_INVALID" },
      },
    ],
  },
  {
    name: "an empty blob",
    steps: [
      ...pushBlob("up/load", Buffer.alloc(0)),
      {
        when: `GET /v2/up/load/blobs/${digestOf("")}`,
        expect: { status: 200, headers: { "content-length": "0" }, body: "" },
      },
    ],
  },
  {
    name: "a mount takes the blob of another repository, or offers an upload",
    steps: [
      ...pushBlob("mount/from"),
      {
        when: `POST /v2/mount/to/blobs/uploads/?mount=${digest}&from=mount/from`,
        expect: {
          status: 201,
          headers: { "docker-content-digest": digest, location: /mount\/to\/blobs/ },
        },
      },
      stored("mount/to"),
      {
        when: `POST /v2/mount/to/blobs/uploads/?mount=${absent}&from=mount/from`,
        expect: { status: 202, headers: { location: /uploads/ } },
      },
      { when: `POST /v2/mount/to/blobs/uploads/?mount=${digest}&from=none`, expect: 202 },
      { when: `POST /v2/mount/to/blobs/uploads/?mount=${digest}`, expect: 202 },
      { when: "POST /v2/mount/to/blobs/uploads/?mount=x&from=mount/from", expect: 400 },
    ],
  },
]);
