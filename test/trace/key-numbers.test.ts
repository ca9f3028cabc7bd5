import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { KeyNumbers, type TraceKeys } from "../../src/trace/key-numbers.ts";
import { NO_KEY } from "../../src/trace/layout.ts";
import { openTrace } from "../../src/trace/open-trace.ts";
import type { OpenTraceOptions } from "../../src/trace/trace-options.ts";
import { folderWith, type Native, nativeAt } from "./fixtures.ts";

const digests: TraceKeys = { key: "digest", kinds: ["blob"], methods: ["GET"] };

const asking = (uri: string, changes: Native = {}): Native => ({
  "http.request.uri": uri,
  ...changes,
});
const put = { "http.request.method": "PUT" };

/** Not in order: numbers are given in the order of reading, records come by time. */
const records = [
  nativeAt(9, asking("v2/a/b/blobs/late", { "http.response.written": 30 })),
  nativeAt(1, asking("v2/a/b/blobs/early", { "http.response.written": 10 })),
  nativeAt(2, asking("v2/a/b/manifests/latest")),
  nativeAt(3, asking("v2/c/d/blobs/late", { "http.request.remoteaddr": "c2" })),
  nativeAt(4, asking("v2/a/b/blobs/uploads/u", put)),
  nativeAt(5, asking("v2/a/b/blobs/early", { "http.response.written": 10 })),
];

async function keyed(
  t: TestContext,
  {
    asked = digests,
    text = JSON.stringify(records),
    ...options
  }: Partial<OpenTraceOptions> & {
    readonly asked?: TraceKeys;
    readonly text?: string;
  } = {},
) {
  const traces = [folderWith(t, { "trace.json": text })];
  const keys = new KeyNumbers(asked);
  const stream = await openTrace({ traces, ...options }, keys);
  const found: number[] = [];
  const sizes: number[] = [];
  while (stream.next()) {
    found.push(stream.view.key);
    sizes.push(stream.view.size);
  }
  return { found, sizes, objects: keys.count, leftOut: keys.leftOut, kept: stream.account.kept };
}

test("keys are numbered in the order of reading, records come in order of arrival with their sizes", async (t) => {
  const { found, sizes, objects, leftOut, kept } = await keyed(t);
  assert.deepEqual(
    [found, sizes],
    [
      [1, 0, 1, 0],
      [10, 9576, 10, 30],
    ],
  );
  assert.deepEqual([objects, leftOut, kept], [2, 2, 6]);
});

test("what is not asked about keeps its place where a limit counts it", async (t) => {
  const { found, leftOut, kept } = await keyed(t, { limit: { type: "requests", amount: 4 } });
  assert.deepEqual([found, leftOut, kept], [[1, NO_KEY, 0, NO_KEY], 0, 4]);
});

test("a window of offsets counts from the first record, also from one that is not asked about", async (t) => {
  const { found, kept } = await keyed(t, {
    asked: { ...digests, kinds: ["manifest"] },
    window: { from: 0, to: 4 },
  });
  assert.deepEqual([found, kept], [[NO_KEY, 0, NO_KEY, NO_KEY], 4]);
});

test("a trace of nothing that is asked about has no records left, and counts them", async (t) => {
  const { found, leftOut } = await keyed(t, { asked: { ...digests, methods: ["HEAD"] } });
  assert.deepEqual([found, leftOut], [[], 6]);
});

test("records through spill files are those from memory", async (t) => {
  const many = Array.from({ length: 3000 }, (_, at) =>
    nativeAt(
      (at * 7919) % 3001,
      asking(`v2/a/b/blobs/d${at % 97}`, { "http.response.written": at + 1 }),
    ),
  );
  const text = JSON.stringify(many);
  const inMemory = await keyed(t, { text });
  const spilled = await keyed(t, { text, memoryBytes: 16 << 10, openFilesMax: 3 });
  assert.deepEqual(spilled, inMemory);
  assert.deepEqual(inMemory.objects, 97);
});

for (const { asked, numbers, says } of [
  { asked: { ...digests, key: "uri" }, numbers: [1, 2, 1, 0], says: "the whole uri" },
  {
    asked: { ...digests, key: "client+digest" },
    numbers: [1, 2, 1, 0],
    says: "client and last segment",
  },
  {
    asked: { ...digests, kinds: ["blob", "manifest"], methods: ["GET", "PUT"] },
    numbers: [1, 2, 0, 3, 1, 0],
    says: "more kinds and methods, an upload's end among them",
  },
] satisfies { asked: TraceKeys; numbers: number[]; says: string }[]) {
  test(`objects can be told apart by ${says}`, async (t) => {
    assert.deepEqual((await keyed(t, { asked })).found, numbers);
  });
}

test("a uri with escapes is the one without", async (t) => {
  const text = JSON.stringify([records[1], records[5]]).replace("v2/a/b", "v2\\/a\\u002fb");
  const { found, objects } = await keyed(t, { text, asked: { ...digests, key: "uri" } });
  assert.deepEqual([found, objects], [[0, 0], 1]);
});

test("samples of clients and duplicates are what they are without keys", async (t) => {
  for (const options of [{ sample: { clients: 0.5 }, seed: "s" }, { dedupe: true }] as const) {
    const traces = [folderWith(t, { "trace.json": JSON.stringify(records) })];
    const plain = await openTrace({ traces, ...options });
    const { kept } = await keyed(t, options);
    assert.equal(kept, plain.account.kept);
    plain.close();
  }
});
