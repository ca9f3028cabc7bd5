import assert from "node:assert/strict";
import { connect } from "node:net";
import { after, before, test } from "node:test";
import { bytes, millis } from "../../src/core/units.ts";
import {
  type EmbeddedRegistry,
  startEmbeddedRegistry,
} from "../../src/embedded/embedded-registry.ts";
import { converse, runCases } from "./exchange-script.ts";
import { absent, blob, digestOf, pushBlob } from "./sample-content.ts";

let clock = 0;
let registry: EmbeddedRegistry;
let particular: EmbeddedRegistry;
before(async () => {
  registry = await startEmbeddedRegistry({}, () => millis(clock));
  particular = await startEmbeddedRegistry({
    relativeLocations: true,
    stateQuery: true,
    chunkMinBytes: bytes(10),
  });
});
after(() => Promise.all([registry.close(), particular.close()]));

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
    name: "an upload belongs to its repository",
    steps: [
      { when: "POST /v2/up/one/blobs/uploads/", expect: 202 },
      { when: "DELETE /v2/up/two/blobs/uploads/x", expect: 404 },
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

runCases(
  "uploads with an opaque state, relative Locations and a smallest chunk",
  () => particular.url,
  [
    {
      name: "Location is a path with a state that changes with every answer",
      steps: [
        {
          ...start,
          expect: {
            status: 202,
            headers: {
              location: /^\/v2\/up\/load\/blobs\/uploads\/[-0-9a-f]+\?_state=[-_\w]{400}$/,
              "oci-chunk-min-length": "10",
            },
          },
        },
        { when: "PATCH @", headers: { "content-range": "0-11" }, body: first, expect: 202 },
        { when: "PATCH @", headers: { "content-range": "12-22" }, body: second, expect: 202 },
        {
          when: `PUT @digest=${digest}`,
          expect: { status: 201, headers: { location: `/v2/up/load/blobs/${digest}` } },
        },
      ],
    },
    {
      name: "only the last chunk may be below the smallest size",
      steps: [
        start,
        {
          when: "PATCH @",
          headers: { "content-range": "0-4" },
          body: blob.subarray(0, 5),
          expect: 202,
        },
        {
          when: "PATCH @",
          headers: { "content-range": "5-22" },
          body: blob.subarray(5),
          expect: { status: 400, code: "SIZE_INVALID" },
        },
      ],
    },
  ],
);

test("uploads: a state that was dropped or belongs to an earlier answer is refused", async () => {
  const [opened] = await converse(particular.url, [start]);
  const location = opened?.headers.location ?? "";
  await converse(particular.url, [
    {
      when: `PATCH ${location.split("?")[0]}`,
      body: first,
      expect: { status: 400, code: "BLOB_UPLOAD_INVALID" },
    },
    { when: `PATCH ${location}`, body: first, expect: 202 },
    {
      when: `PATCH ${location}`,
      body: second,
      expect: { status: 400, code: "BLOB_UPLOAD_INVALID" },
    },
  ]);
});

test("uploads: ten idle minutes end an upload", async () => {
  const [opened] = await converse(registry.url, [start]);
  const location = opened?.headers.location ?? "";
  clock += 9.9 * 60_000;
  await converse(registry.url, [{ when: `GET ${location}`, expect: 204 }]);
  clock += 10.1 * 60_000;
  await converse(registry.url, [{ when: `GET ${location}`, expect: 404 }]);
  assert.ok((await registry.stats()).limits.expiredUploads >= 1);
});

test("uploads: what a broken connection has brought stays, and the client can go on from there", async () => {
  const [opened] = await converse(registry.url, [start]);
  const location = opened?.headers.location ?? "";
  const socket = connect(registry.port, "127.0.0.1");
  const before = (await registry.stats()).stored.bytes;
  const path = new URL(location).pathname;
  socket.write(`PATCH ${path} HTTP/1.1\r\nHost: x\r\nContent-Length: 23\r\n\r\n${first}`);
  await until(async () => (await registry.stats()).stored.bytes === before + first.length);
  socket.destroy();
  await until(async () => {
    const { requests } = await registry.stats();
    return requests.some(({ method, code }) => method === "PATCH" && code === 0);
  });
  await converse(registry.url, [
    { when: `GET ${location}`, expect: { status: 204, headers: { range: "0-11" } } },
    { when: `PATCH ${location}`, headers: { "content-range": "12-22" }, body: second, expect: 202 },
    { when: `PUT @digest=${digest}`, expect: 201 },
  ]);
});

async function until(isSo: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 500; tries++) {
    if (await isSo()) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  assert.fail("it did not come about within five seconds");
}
