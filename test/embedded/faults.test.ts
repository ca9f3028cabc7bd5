import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { UsageError } from "../../src/core/errors.ts";
import { bytes, millis } from "../../src/core/units.ts";
import {
  type EmbeddedRegistry,
  startEmbeddedRegistry,
} from "../../src/embedded/embedded-registry.ts";
import { parseRule } from "../../src/embedded/fault-rule.ts";
import { FaultTable } from "../../src/embedded/fault-table.ts";
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
  for (const wrong of ["nonsense", '{"a":1}', '["blob=status(1)"]', "[7]", "[null]"]) {
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

const request = (method: string, type: "blob" | "manifest" | "tags", name = "lib/app") => ({
  method,
  type,
  name,
});
const planned = (table: FaultTable, count: number): string =>
  Array.from({ length: count }, () =>
    table.plan(request("GET", "blob"), millis(0)).fault ? "x" : ".",
  ).join("");

test("faults: the same seed gives the same faults, another seed others", () => {
  const table = (seed: string) => new FaultTable(seed, [parseRule("blob=reset@0.3")], millis(0));
  const first = planned(table("1"), 200);
  assert.equal(first, planned(table("1"), 200));
  assert.notEqual(first, planned(table("2"), 200));
  const hits = first.replaceAll(".", "").length;
  assert.ok(hits > 30 && hits < 90, `${hits} of 200 at 0.3`);
});

test("faults: requests of other kinds do not change what a rule draws", () => {
  const rules = [parseRule("GET blob=reset@0.3"), parseRule("manifest=reset@0.5")];
  const [alone, mixed] = [
    new FaultTable("1", rules, millis(0)),
    new FaultTable("1", rules, millis(0)),
  ];
  for (let round = 0; round < 50; round++) {
    mixed.plan(request("GET", "manifest"), millis(0));
    assert.equal(planned(mixed, 1), planned(alone, 1));
  }
});

for (const { rule, hits } of [
  { rule: "=reset", hits: ["GET blob", "PUT manifest", "GET tags"] },
  { rule: "* = reset", hits: ["GET blob", "PUT manifest", "GET tags"] },
  { rule: "GET,HEAD=reset", hits: ["GET blob", "GET tags"] },
  { rule: "blob,tags=reset", hits: ["GET blob", "GET tags"] },
  { rule: "GET blob name~^lib/=reset", hits: ["GET blob"] },
  { rule: "name~(?=lib)app=reset", hits: [] },
  { rule: "name~^(?=lib/app)=reset", hits: ["GET blob", "PUT manifest", "GET tags"] },
  { rule: "name~^other=reset", hits: [] },
]) {
  test(`fault match: "${rule}" is about ${hits.join(", ") || "nothing here"}`, () => {
    const seen = (["GET blob", "PUT manifest", "GET tags"] as const).filter((text) => {
      const [method, type] = text.split(" ") as ["GET", "blob"];
      const table = new FaultTable("", [parseRule(rule)], millis(0));
      return table.plan(request(method, type), millis(0)).fault !== undefined;
    });
    assert.deepEqual(seen, hits);
  });
}

for (const { dist, from, to } of [
  { dist: "fixed(20ms)", from: 20, to: 20 },
  { dist: "uniform(1ms,9ms)", from: 1, to: 9 },
  { dist: "lognormal(20ms,0)", from: 20, to: 20 },
  { dist: "lognormal(20ms,0.6)", from: 0.5, to: 700 },
]) {
  test(`latency ${dist} draws between ${from} and ${to} ms`, () => {
    const table = new FaultTable("1", [parseRule(`blob=${dist}`)], millis(0));
    const delays = Array.from(
      { length: 999 },
      () => table.plan(request("GET", "blob"), millis(0)).delayMs,
    );
    assert.ok(delays.every((delay) => delay >= from && delay <= to));
    if (dist === "lognormal(20ms,0.6)") {
      const median = delays.sort((a, b) => a - b)[499] as number;
      assert.ok(median > 17 && median < 23, `median ${median}`);
    }
  });
}

for (const wrong of [
  "blob",
  "blob=",
  "blob=explode",
  "blob=status",
  "blob=status(99)",
  "blob=status(503)@2",
  "blob=status(503)@",
  "blob=reset@every 0",
  "blob=reset@window(5s..1s)",
  "blob=truncate(1)",
  "blob=truncate()",
  "blob=stall(5)",
  "blob=reset(1)",
  "blob=redirect(nowhere)",
  "get=reset",
  "blobs=reset",
  "name~(=reset",
  "blob=fixed(20)",
  "blob=uniform(9ms,1ms)",
  "blob=uniform(1ms)",
  "blob=lognormal(20ms,x)",
  "blob=lognormal(20ms,-1)",
]) {
  test(`rule "${wrong}" is refused in one line`, () => {
    assert.throws(
      () => parseRule(wrong),
      (error: unknown) => error instanceof UsageError && error.lines.length === 1,
    );
  });
}

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
