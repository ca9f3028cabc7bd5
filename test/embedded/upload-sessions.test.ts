import assert from "node:assert/strict";
import { connect } from "node:net";
import { after, before, test } from "node:test";
import { bytes, millis } from "../../src/core/units.ts";
import {
  type EmbeddedRegistry,
  startEmbeddedRegistry,
} from "../../src/embedded/embedded-registry.ts";
import { converse, runCases } from "./exchange-script.ts";
import { blob, digestOf } from "./sample-content.ts";

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
const [first, second] = [blob.subarray(0, 12), blob.subarray(12)];

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

test("uploads: an upload belongs to its repository", async () => {
  const [opened] = await converse(registry.url, [start]);
  const location = opened?.headers.location ?? "";
  await converse(registry.url, [
    { when: `GET ${location.replace("up/load", "up/other")}`, expect: 404 },
    { when: `DELETE ${location.replace("up/load", "up/other")}`, expect: 404 },
    { when: `DELETE ${location}`, expect: 204 },
  ]);
});
