import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import type { FilterReason } from "../../src/trace/account.ts";
import { includeTokens, type OpenTraceOptions } from "../../src/trace/trace-options.ts";
import { contents, type Native, native, nativeAt, readText, sumOf, without } from "./fixtures.ts";

const BLOB = "v2/a/blobs/x";
const MANIFEST = "v2/a/manifests/x";
const UPLOAD = "v2/a/blobs/uploads/x";

const request = (method: string, uri: string, size: number | null = 5): Native =>
  native({ "http.request.method": method, "http.request.uri": uri, "http.response.written": size });

const everything: readonly Native[] = [
  request("GET", BLOB),
  request("PUT", BLOB),
  request("PUT", UPLOAD),
  request("HEAD", BLOB, null),
  request("GET", MANIFEST),
  request("PUT", MANIFEST),
  request("HEAD", MANIFEST, -3),
  request("GET", "v2", null),
  request("HEAD", "v2/", 0),
  request("POST", "v2/a/blobs/uploads/", null),
  request("PATCH", UPLOAD, null),
  request("DELETE", BLOB, null),
  request("GET", BLOB, 0),
  request("GET", MANIFEST, -1),
  request("GET", UPLOAD, null),
  request("GET", "v2/_catalog", null),
];

type Expectation = {
  readonly include?: OpenTraceOptions["include"];
  readonly kept: readonly string[];
  readonly filtered: Partial<Record<FilterReason, number>>;
};

const expectations: readonly Expectation[] = [
  {
    kept: ["GET blob 5", "PUT blob 5", "PUT upload 5", "GET manifest 5", "PUT manifest 5"],
    filtered: { method: 4, kind: 3, size_not_positive: 2 },
  },
  {
    include: ["blob:PUT"],
    kept: ["PUT blob 5", "PUT upload 5"],
    filtered: { method: 11, kind: 1 },
  },
  { include: ["ping"], kept: ["GET ping 0", "HEAD ping 0"], filtered: { method: 4, kind: 8 } },
  { include: ["manifest:HEAD"], kept: ["HEAD manifest 0"], filtered: { method: 11, kind: 2 } },
  {
    include: includeTokens,
    kept: [
      "GET blob 5",
      "PUT blob 5",
      "PUT upload 5",
      "HEAD blob 0",
      "GET manifest 5",
      "PUT manifest 5",
      "HEAD manifest 0",
      "GET ping 0",
      "HEAD ping 0",
    ],
    filtered: { method: 1, kind: 2, size_not_positive: 2 },
  },
];

for (const { include, kept, filtered } of expectations) {
  test(`include ${include?.join(", ") ?? "by default"} keeps ${kept.length} of 16 records and says why not the others`, async (t) => {
    const { records, account } = await readText(t, JSON.stringify(everything), { include });
    assert.deepEqual(
      records.map(({ method, kind, size }) => `${method} ${kind} ${size}`),
      kept,
    );
    assert.deepEqual(account.filtered, filtered);
    assert.equal(account.folded, 2);
    assert.equal(account.read, 16);
    assert.equal(sumOf(account), 16);
  });
}

/** One record a second, from second 0 to 9; shuffled. */
const tenSeconds = JSON.stringify(
  [7, 2, 9, 0, 5, 1, 8, 3, 6, 4].map((second) => nativeAt(second, { id: `${second}` })),
);

type Cut = {
  readonly title: string;
  readonly options: Partial<OpenTraceOptions>;
  readonly seconds: string;
  readonly filtered: Partial<Record<FilterReason, number>>;
};

const cuts: readonly Cut[] = [
  {
    title: "a window of times",
    options: { window: { from: "2017-06-20T00:00:03Z", to: "2017-06-20 00:00:06" } },
    seconds: "345",
    filtered: { window: 7 },
  },
  {
    title: "a window of offsets",
    options: { window: { from: 3, to: "6" } },
    seconds: "345",
    filtered: { window: 7 },
  },
  {
    title: "a window that begins at a time and ends at an offset",
    options: { window: { from: "2017-06-20T00:00:03Z", to: 6 } },
    seconds: "345",
    filtered: { window: 7 },
  },
  {
    title: "a window with a beginning only",
    options: { window: { from: 8 } },
    seconds: "89",
    filtered: { window: 8 },
  },
  {
    title: "a limit of seconds, inclusive",
    options: { limit: { type: "seconds", amount: 2 } },
    seconds: "012",
    filtered: { limit: 7 },
  },
  {
    title: "a limit of requests",
    options: { limit: { type: "requests", amount: 4 } },
    seconds: "0123",
    filtered: { limit: 6 },
  },
  {
    title: "a limit of more requests than there are",
    options: { limit: { type: "requests", amount: 40 } },
    seconds: "0123456789",
    filtered: {},
  },
  {
    title: "a limit of seconds behind a window of times",
    options: { window: { from: "2017-06-20T00:00:03Z" }, limit: { type: "seconds", amount: 1 } },
    seconds: "34",
    filtered: { window: 3, limit: 5 },
  },
  {
    title: "a limit of seconds behind a window of offsets",
    options: { window: { from: 3, to: 8 }, limit: { type: "seconds", amount: 1 } },
    seconds: "34",
    filtered: { window: 5, limit: 3 },
  },
  {
    title: "a limit of requests behind a window of offsets",
    options: { window: { from: 3, to: 8 }, limit: { type: "requests", amount: 1 } },
    seconds: "3",
    filtered: { window: 5, limit: 4 },
  },
];

for (const memoryBytes of [undefined, 700]) {
  for (const { title, options, seconds, filtered } of cuts) {
    test(`${title} cuts ${memoryBytes === undefined ? "in memory" : "spilled runs"} and counts the rest`, async (t) => {
      const { records, account } = await readText(t, tenSeconds, { ...options, memoryBytes });
      assert.equal(records.map(({ id }) => id).join(""), seconds);
      assert.equal(records[0]?.delay, 0);
      assert.deepEqual(account.filtered, filtered);
      assert.equal(account.kept, seconds.length);
      assert.equal(sumOf(account), 10);
    });
  }
}

test("a limit of seconds keeps the record that arrives at that very moment", async (t) => {
  const at = (ms: number) =>
    native({ timestamp: new Date(Date.UTC(2017, 5, 20) + ms).toISOString() });
  for (const ms of [1001, 4350, 8115]) {
    const text = JSON.stringify([0, ms, ms + 1].map(at));
    const limit = { type: "seconds", amount: ms / 1000 } as const;
    const { records } = await readText(t, text, { limit });
    assert.deepEqual(
      records.map(({ delay }) => delay),
      [0, ms / 1000],
    );
  }
});

test("offsets of a window count from the first record that include keeps, sampled or not", async (t) => {
  const ping = nativeAt(-5, { "http.request.uri": "v2" });
  const text = JSON.stringify([ping, ...JSON.parse(tenSeconds)]);
  const { records } = await readText(t, text, { window: { to: 2 } });
  assert.equal(records.map(({ id }) => id).join(""), "01");
});

for (const window of [{ from: "yesterday" }, { to: "2017-06-31T00:00:00Z" }, { from: 5, to: 5 }]) {
  test(`the window ${JSON.stringify(window)} is refused`, async (t) => {
    await assert.rejects(readText(t, tenSeconds, { window }), {
      code: "usage",
      message: /trace\.window/,
    });
  });
}

test("the start of a request is its time less its duration, and decides the order", async (t) => {
  const text = JSON.stringify([
    nativeAt(10, { id: "long", "http.request.duration": 9.5 }),
    nativeAt(4, { id: "short", "http.request.duration": 0.000_25 }),
  ]);
  const byEnd = await readText(t, text);
  assert.deepEqual(
    byEnd.records.map(({ id, delay }) => [id, delay]),
    [
      ["short", 0],
      ["long", 6],
    ],
  );
  const byStart = await readText(t, text, { arrival: "start" });
  assert.deepEqual(
    byStart.records.map(({ id, delay }) => [id, delay]),
    [
      ["long", 0],
      ["short", 3.499_75],
    ],
  );
});

test("a sample keeps whole clients, by seed and client alone", async (t) => {
  const clients = Array.from({ length: 400 }, (_, number) => `c${number}`);
  const records = [...clients, ...clients].map((client) =>
    native({ "http.request.remoteaddr": client }),
  );
  records.push(without(native(), "http.request.remoteaddr"));
  const keeps = (client: string): boolean =>
    createHash("sha256").update(`s1\0${client}`).digest().readUInt32BE(0) < 0.25 * 2 ** 32;
  const expected = [...clients, ...clients, ""].filter(keeps);
  const options = { sample: { clients: 0.25 }, seed: "s1" };
  const read = await readText(t, JSON.stringify(records), options);
  assert.deepEqual(
    read.records.map(({ client }) => client ?? ""),
    expected,
  );
  assert.deepEqual(read.account.filtered, { sample: 801 - expected.length });
  assert.equal(
    (await readText(t, JSON.stringify(records), { ...options, sample: { clients: 1 } })).account
      .kept,
    801,
  );
});

test("duplicates by id are left out on request only; records without id are none", async (t) => {
  const ids = Array.from({ length: 3000 }, (_, number) => `${number % 2000}`);
  const records = ids.map((id) => native({ id }));
  records.push(without(native(), "id"), without(native(), "id"));
  const text = JSON.stringify(records);
  assert.equal((await readText(t, text)).account.kept, 3002);
  const { account } = await readText(t, text, { dedupe: true });
  assert.deepEqual(
    [account.kept, account.filtered, account.duplicates],
    [2002, { duplicate_id: 1000 }, 1000],
  );
});

test("with addresses only, records and counts are the same but for host, id and user agent; duplicates are still told", async (t) => {
  const ids = ["a", "b", "a", "c"];
  const records = [...ids.map((id) => native({ id })), without(native(), "host")];
  const text = JSON.stringify(records);
  const whole = await readText(t, text, { dedupe: true });
  const short = await readText(t, text, { dedupe: true, texts: "addresses" });
  assert.equal(short.account.duplicates, 1);
  const { files: _, ...counts } = whole.account;
  const { files: __, ...shortCounts } = short.account;
  assert.deepEqual(shortCounts, counts);
  assert.deepEqual(
    contents(short.records),
    contents(whole.records).map((record) => ({ ...record, host: null, userAgent: null })),
  );
  const undeduped = await readText(t, text, { texts: "addresses" });
  assert.deepEqual(
    undeduped.records.map(({ id, client, uri }) => [id, client === null, uri === ""]),
    records.map(() => [null, false, false]),
  );
});
