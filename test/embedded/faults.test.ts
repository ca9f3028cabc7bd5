import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { bytes, millis } from "../../src/core/units.ts";
import {
  type EmbeddedRegistry,
  startEmbeddedRegistry,
} from "../../src/embedded/embedded-registry.ts";
import { converse, errorCode, type Received, send } from "./exchange-script.ts";
import { blob, digestOf, pushImage } from "./sample-content.ts";

let clock = 0;
let registry: EmbeddedRegistry;
before(async () => {
  registry = await startEmbeddedRegistry({ seed: "7" }, () => millis(clock));
  await converse(registry.url, pushImage("lib/app"));
});
after(() => registry.close());

const path = `/v2/lib/app/blobs/${digestOf(blob)}`;
const get = (method = "GET"): Promise<Received> => send({ method, url: registry.url + path });
const setRules = async (...rules: unknown[]): Promise<Received> =>
  send({ method: "PUT", url: `${registry.url}/_drayage/faults`, body: JSON.stringify(rules) });

for (const { name, rule, status, check } of [
  {
    name: "status(503) answers with an error body",
    rule: "blob=status(503)",
    status: 503,
    check: (answer: Received) => assert.equal(errorCode(answer), "UNKNOWN"),
  },
  {
    name: "status(429) tells when to come again",
    rule: "blob=status(429,retry-after=2)",
    status: 429,
    check: (answer: Received) => {
      assert.equal(errorCode(answer), "TOOMANYREQUESTS");
      assert.equal(answer.headers["retry-after"], "2");
    },
  },
  {
    name: "reset breaks the connection before any byte",
    rule: "GET blob=reset",
    status: 0,
    check: ({ failure }: Received) => assert.equal(failure, "ECONNRESET"),
  },
  {
    name: "truncate announces everything and sends a share",
    rule: "blob=truncate(0.5)",
    status: 200,
    check: ({ headers, body, failure }: Received) => {
      assert.equal(headers["content-length"], "23");
      assert.deepEqual(body, blob.subarray(0, 11));
      assert.equal(failure, "ECONNRESET");
    },
  },
  {
    name: "corrupt changes one bit",
    rule: "blob=corrupt",
    status: 200,
    check: ({ body }: Received) => {
      const changed = [...body].map((byte, at) => byte ^ (blob[at] as number)).filter(Boolean);
      assert.equal(body.length, blob.length);
      assert.equal(changed.length, 1);
      assert.equal(Math.log2(changed[0] as number) % 1, 0);
    },
  },
  {
    name: "no-length sends in chunks",
    rule: "blob=no-length",
    status: 200,
    check: ({ headers, body }: Received) => {
      assert.equal(headers["content-length"], undefined);
      assert.equal(headers["transfer-encoding"], "chunked");
      assert.deepEqual(body, blob);
    },
  },
  {
    name: "redirect leads to a place",
    rule: "blob=redirect(http://127.0.0.1:9/x?a=b@c)",
    status: 307,
    check: ({ headers }: Received) => assert.equal(headers.location, "http://127.0.0.1:9/x?a=b@c"),
  },
  {
    name: "redirect to another registry keeps the path",
    rule: "blob=redirect(http://127.0.0.1:9/)",
    status: 307,
    check: ({ headers }: Received) => assert.equal(headers.location, `http://127.0.0.1:9${path}`),
  },
  {
    name: "unauthorized asks for credentials",
    rule: "blob=unauthorized",
    status: 401,
    check: (answer: Received) => {
      assert.equal(errorCode(answer), "UNAUTHORIZED");
      assert.match(String(answer.headers["www-authenticate"]), /^Basic /);
    },
  },
]) {
  test(`fault: ${name}`, async () => {
    await setRules(rule);
    const answer = await get();
    assert.equal(answer.status, status);
    check(answer);
    await setRules();
    assert.deepEqual((await get()).body, blob);
  });
}

test("fault: stall waits after half of the body, and latency before the first byte", async () => {
  for (const { rules, atLeast } of [
    { rules: ["blob=stall(60ms)"], atLeast: 55 },
    { rules: [{ match: "blob", latency: "fixed(50ms)" }], atLeast: 45 },
  ]) {
    await setRules(...rules);
    const started = performance.now();
    const answer = await get();
    assert.ok(performance.now() - started >= atLeast);
    assert.deepEqual(answer.body, blob);
  }
});

test("fault: damage to an answer without a body", async () => {
  await setRules("HEAD blob=truncate(0.5)");
  assert.equal((await get("HEAD")).failure, "ECONNRESET");
  for (const rule of ["HEAD blob=corrupt", "HEAD blob=no-length", "HEAD blob=stall(1ms)"]) {
    await setRules(rule);
    assert.deepEqual([(await get("HEAD")).status, (await get("HEAD")).failure], [200, undefined]);
  }
});

test("fault: an upload that is refused leaves nothing behind, and its body is read to the end", async () => {
  await setRules("PUT upload=status(500)@every 1");
  await converse(registry.url, [
    { when: "POST /v2/lib/app/blobs/uploads/", expect: 202 },
    { when: `PUT @digest=${digestOf(blob)}`, body: Buffer.alloc(3_000_000), expect: 500 },
  ]);
  await setRules();
});

test("faults: the table can be looked at and replaced while the registry runs", async () => {
  const rules = [
    "GET blob=status(503)@every 2",
    { match: "manifest name~^lib/", fault: "reset", rate: "0.5" },
  ];
  assert.equal((await setRules(...rules)).status, 200);
  assert.deepEqual(
    [(await get()).status, (await get()).status, (await get()).status],
    [200, 503, 200],
  );
  const listed = await send({ method: "GET", url: `${registry.url}/_drayage/faults` });
  assert.deepEqual(JSON.parse(String(listed.body)), [
    { rule: "GET blob=status(503)@every 2", matched: 3, hits: 1 },
    { rule: "manifest name~^lib/=reset@0.5", matched: 0, hits: 0 },
  ]);
  for (const wrong of [
    "nonsense",
    '{"a":1}',
    '["blob=status(1)"]',
    "[7]",
    "[null]",
    `[${"[".repeat(9999)}${"]".repeat(9999)}]`,
    '[{"match":[],"fault":"reset"}]',
  ]) {
    const answer = await send({
      method: "PUT",
      url: `${registry.url}/_drayage/faults`,
      body: wrong,
    });
    assert.equal(answer.status, 400, wrong);
  }
  assert.equal((await get()).status, 503, "the rules before stay in force");
  await setRules();
});

test("faults: a window counts from when the rules were set or the statistics reset", async () => {
  await setRules("blob=status(503)@window(20s..25s)");
  const statusAfter = async (by: number): Promise<number> => {
    clock += by;
    return (await get()).status;
  };
  assert.deepEqual(
    [await statusAfter(19_999), await statusAfter(1), await statusAfter(4_999)],
    [200, 503, 503],
  );
  assert.equal(await statusAfter(1), 200);
  await registry.reset();
  assert.deepEqual([await statusAfter(1), await statusAfter(19_999)], [200, 503]);
  await setRules();
});

test("bandwidth: a body takes as long as the line needs for it", async (t) => {
  const slow = await startEmbeddedRegistry({
    bandwidth: { bytesPerSecond: 200_000, perConnection: true },
    memoryBytes: bytes(1e6),
  });
  t.after(() => slow.close());
  const body = Buffer.alloc(20_000, 1);
  const started = performance.now();
  await converse(slow.url, [
    { when: `POST /v2/a/blobs/uploads/?digest=${digestOf(body)}`, body, expect: 201 },
    { when: `GET /v2/a/blobs/${digestOf(body)}`, expect: { status: 200, body } },
  ]);
  assert.ok(performance.now() - started >= 100, "20 kB at 200 kB/s take 100 ms in each direction");
});
