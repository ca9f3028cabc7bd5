import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { connect } from "node:net";
import { after, before, test } from "node:test";
import fc from "fast-check";
import { bytes } from "../../src/core/units.ts";
import { chunkRangeOf, rangeOf } from "../../src/embedded/byte-range.ts";
import { chunkedContent } from "../../src/embedded/content.ts";
import {
  type EmbeddedRegistry,
  startEmbeddedRegistry,
} from "../../src/embedded/embedded-registry.ts";
import { converse, runCases, send } from "./exchange-script.ts";
import { digestOf, pushBlob, putManifest } from "./sample-content.ts";

const MIB = 1024 ** 2;

let small: EmbeddedRegistry;
before(async () => {
  small = await startEmbeddedRegistry({ memoryBytes: bytes(2000) });
});
after(() => small.close());

const kilo = Buffer.alloc(1000, 7);
const full = { status: 507, code: "DENIED" };

runCases("memory cap", () => small.url, [
  {
    name: "what does not fit is 507, and the registry goes on",
    steps: [
      ...pushBlob("a", kilo),
      {
        when: `POST /v2/a/blobs/uploads/?digest=${digestOf("x")}`,
        body: Buffer.alloc(1001),
        expect: full,
      },
      { when: "POST /v2/a/blobs/uploads/", expect: 202 },
      { when: "PATCH @", body: Buffer.alloc(600), expect: 202 },
      { when: "PATCH @", body: Buffer.alloc(600), expect: full },
      {
        ...putManifest("a", "v1", JSON.stringify({ a: "x".repeat(900) })),
        headers: { "content-type": "a/b" },
        expect: full,
      },
      { when: "DELETE @", expect: 204 },
      { when: `GET /v2/a/blobs/${digestOf(kilo)}`, expect: { status: 200, body: kilo } },
    ],
  },
  {
    name: "deleting makes room",
    steps: [
      ...pushBlob("b", kilo.subarray(1)),
      { when: `DELETE /v2/b/blobs/${digestOf(kilo.subarray(1))}`, expect: 202 },
      ...pushBlob("c", kilo.subarray(2)),
      { when: `DELETE /v2/c/blobs/${digestOf(kilo.subarray(2))}`, expect: 202 },
    ],
  },
]);

test("memory cap: refused, cancelled and failed uploads give everything back", async (t) => {
  const own = await startEmbeddedRegistry({ memoryBytes: bytes(2000) });
  t.after(() => own.close());
  await converse(own.url, [
    { when: `POST /v2/a/blobs/uploads/?digest=${digestOf("x")}`, body: kilo, expect: 400 },
    {
      when: `POST /v2/a/blobs/uploads/?digest=${digestOf("x")}`,
      body: Buffer.alloc(2001),
      expect: 507,
    },
    { when: "POST /v2/a/blobs/uploads/", expect: 202 },
    { when: "PATCH @", body: kilo, expect: 202 },
    { when: "DELETE @", expect: 204 },
  ]);
  const { stored, limits } = await own.stats();
  assert.deepEqual([stored.bytes, stored.uploads, stored.repositories], [0, 0, 0]);
  assert.equal(limits.memoryRefusals, 1);
});

test("large blobs: kept as they came and sent to slow readers without extra memory", async (t) => {
  const own = await startEmbeddedRegistry();
  t.after(() => own.close());
  const body = Buffer.alloc(32 * MIB);
  for (let at = 0; at < body.length; at += 4) body.writeUInt32LE(at, at);
  const digest = digestOf(body);
  await converse(own.url, [
    { when: `POST /v2/a/blobs/uploads/?digest=${digest}`, body, expect: 201 },
    {
      when: `GET /v2/a/blobs/${digest}`,
      headers: { range: "bytes=65530-65541" },
      expect: { status: 206, body: body.subarray(65_530, 65_542) },
    },
  ]);
  const before = process.memoryUsage();
  const readers = Array.from({ length: 20 }, () => {
    const socket = connect(own.port, "127.0.0.1");
    socket.pause();
    socket.write(`GET /v2/a/blobs/${digest} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
    return socket;
  });
  const answer = await send({ method: "GET", url: `${own.url}/v2/a/blobs/${digest}` });
  assert.equal(createHash("sha256").update(answer.body).digest("hex"), digest.slice(7));
  const used = process.memoryUsage();
  // The answer itself is here twice for a moment: as pieces and joined.
  const extra = used.external - before.external - 2 * body.length;
  assert.ok(extra < 32 * MIB, `20 stalled readers hold ${extra} bytes`);
  for (const socket of readers) socket.destroy();
  await Promise.all(readers.map((socket) => once(socket, "close")));
});

test("a range of chunked content is that part of the whole", () => {
  const chunk = fc.uint8Array({ minLength: 0, maxLength: 40_000 });
  fc.assert(
    fc.property(fc.array(chunk, { maxLength: 8 }), fc.nat(), fc.nat(), (chunks, a, b) => {
      const whole = Buffer.concat(chunks);
      const content = chunkedContent(chunks.map((one) => Buffer.from(one)));
      const [from, to] = [a % (whole.length + 1), b % (whole.length + 1)].sort((x, y) => x - y) as [
        number,
        number,
      ];
      assert.equal(content.size, whole.length);
      assert.ok(Buffer.concat([...content.slices(from, to)]).equals(whole.subarray(from, to)));
    }),
    { numRuns: 200 },
  );
});

test("a Range header is read as RFC 9110 says, for all sizes", () => {
  const place = fc.option(fc.nat({ max: 50 }), { nil: undefined });
  fc.assert(
    fc.property(place, place, fc.nat({ max: 40 }), (first, last, size) => {
      const all = Array.from({ length: size }, (_, at) => at);
      const wanted = all.filter((at) =>
        first === undefined
          ? last !== undefined && at >= size - last
          : at >= first && at <= (last ?? size),
      );
      const isIgnored = (first === undefined && last === undefined) || (first ?? 0) > (last ?? 99);
      const range = rangeOf(`bytes=${first ?? ""}-${last ?? ""}`, size);
      if (isIgnored) assert.equal(range, undefined);
      else if (wanted.length === 0) assert.equal(range, "unsatisfiable");
      else assert.deepEqual(range, { from: wanted[0], to: (wanted.at(-1) as number) + 1 });
    }),
  );
});

for (const { text, range } of [
  { text: "0-0", range: { from: 0, to: 1 } },
  { text: "5-9", range: { from: 5, to: 10 } },
  { text: "bytes 5-9/20", range: { from: 5, to: 10 } },
  { text: "5-9/*", range: { from: 5, to: 10 } },
  { text: "9-5", range: undefined },
  { text: "5-", range: undefined },
  { text: "bytes=5-9", range: undefined },
  { text: "", range: undefined },
]) {
  test(`Content-Range "${text}" of a chunk`, () => assert.deepEqual(chunkRangeOf(text), range));
}
