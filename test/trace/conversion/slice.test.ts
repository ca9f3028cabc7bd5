import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import fc from "fast-check";
import { type SliceOptions, sliceTrace } from "../../../src/trace/conversion/slice-trace.ts";
import { openTrace } from "../../../src/trace/open-trace.ts";
import { folderFor, folderWith, type Native, native, nativeAt } from "../fixtures.ts";
import { linesOf } from "./forms.ts";

type Choice = Partial<SliceOptions>;

const everything = {
  form: { format: "ndjson", compression: "none" },
  strict: false,
  errorsFile: undefined,
  window: undefined,
  clients: undefined,
  sample: undefined,
  seed: "0",
  dedupe: false,
  arrival: "timestamp",
  limit: undefined,
  tmpDir: undefined,
} as const;

/** The slice of these files, each a list of records. */
async function slice(t: TestContext, files: readonly (readonly Native[])[], choice: Choice) {
  const names = files.map((_, index) => `${index}.json`);
  const folder = folderWith(
    t,
    Object.fromEntries(
      files.map((records, index) => [names[index] as string, JSON.stringify(records)]),
    ),
  );
  const output = join(folder, "slice.out");
  const inputs = names.map((name) => join(folder, name));
  const written = await sliceTrace({ ...everything, inputs, output, ...choice });
  return { written, records: linesOf(output) as Native[], folder };
}

const ids = (records: readonly Native[]): string => records.map(({ id }) => id).join("");
const client = "http.request.remoteaddr";
const at = (seconds: number, id: string, changes: Native = {}): Native =>
  nativeAt(seconds, { id, ...changes });

const unordered = [
  at(3, "d"),
  at(1, "b", { [client]: "other" }),
  at(0, "a"),
  at(2, "c", { [client]: "other" }),
];

const cases: readonly {
  readonly title: string;
  readonly files?: readonly (readonly Native[])[];
  readonly choice: Choice;
  readonly gives: string;
  readonly left: Record<string, number>;
}[] = [
  { title: "everything comes in order of time", choice: {}, gives: "abcd", left: {} },
  {
    title: "a window of offsets counts from the earliest record; its end is outside",
    choice: { window: { from: "1", to: "3" } },
    gives: "bc",
    left: { window: 2 },
  },
  {
    title: "a window of times, and an open end",
    choice: { window: { from: "2017-06-20T00:00:02Z" } },
    gives: "cd",
    left: { window: 2 },
  },
  {
    title: "a list of clients",
    choice: { clients: new Set(["other"]) },
    gives: "bc",
    left: { client: 2 },
  },
  { title: "the first records", choice: { limit: 3 }, gives: "abc", left: { limit: 1 } },
  {
    title: "the first records of a window of offsets",
    choice: { limit: 1, window: { from: 1 } },
    gives: "b",
    left: { window: 1, limit: 2 },
  },
  {
    title: "several files are merged, ties in the order of files",
    files: [
      [at(2, "c"), at(1, "a")],
      [at(3, "d"), at(1, "b")],
    ],
    choice: {},
    gives: "abcd",
    left: {},
  },
  {
    title: "a repeated id is left out when that is wanted",
    files: [[at(1, "a"), at(2, "b")], [at(1, "a")]],
    choice: { dedupe: true },
    gives: "ab",
    left: { duplicate_id: 1 },
  },
  {
    title: "order by start of the requests",
    files: [[at(1, "b"), at(2, "a", { "http.request.duration": 1.5 })]],
    choice: { arrival: "start" },
    gives: "ab",
    left: {},
  },
  {
    title: "records of all methods are kept",
    files: [
      [
        at(0, "a", { "http.request.method": "POST" }),
        at(1, "b", { "http.request.method": "DELETE" }),
      ],
    ],
    choice: {},
    gives: "ab",
    left: {},
  },
];

for (const { title, files = [unordered], choice, gives, left } of cases) {
  test(title, async (t) => {
    const { written, records } = await slice(t, files, choice);
    assert.equal(ids(records), gives);
    assert.deepEqual(written.left, left);
  });
}

test("a slice keeps the clients that a replay with the same share and seed keeps", async (t) => {
  const records = Array.from({ length: 200 }, (_, n) =>
    at(n, "x", { [client]: `client-${n % 50}` }),
  );
  const { records: kept, folder } = await slice(t, [records], { sample: 0.3, seed: "s" });
  const stream = await openTrace({
    traces: [join(folder, "0.json")],
    sample: { clients: 0.3 },
    seed: "s",
  });
  const replayed = new Set<unknown>();
  while (stream.next()) replayed.add(stream.view.client);
  assert.deepEqual(new Set(kept.map((record) => record[client])), replayed);
  assert.ok(replayed.size > 0 && replayed.size < 50);
});

test("sorting through files gives what sorting in memory gives, and leaves no file behind", async (t) => {
  const record = fc.record({
    second: fc.integer({ min: 0, max: 30 }),
    agent: fc.string({ maxLength: 400 }),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(record, { minLength: 1, maxLength: 60 }), async (drawn) => {
      const records = drawn.map(({ second, agent }, n) =>
        at(second, String(n), { "http.request.useragent": agent }),
      );
      const tmpDir = folderFor(t);
      const { records: sorted } = await slice(t, [records], { memoryBytes: 4096, tmpDir });
      assert.deepEqual(
        sorted,
        records.toSorted((a, b) => String(a.timestamp).localeCompare(String(b.timestamp))),
      );
      assert.deepEqual(readdirSync(tmpDir), []);
    }),
    { numRuns: 20 },
  );
});

test("a slice without records is refused with the counts, and no file is left", async (t) => {
  const folder = folderWith(t, { "a.json": JSON.stringify([native()]) });
  const options = { ...everything, inputs: [join(folder, "a.json")], output: join(folder, "out") };
  await assert.rejects(sliceTrace({ ...options, clients: new Set(["nobody"]) }), {
    message: "no record is left: read 1, client 1; nothing was written",
  });
  assert.deepEqual(readdirSync(folder), ["a.json"]);
});

test("a record too long to be sorted is counted", async (t) => {
  const long = at(0, "a", { data: "x".repeat(600_000) });
  const { written, records } = await slice(t, [[long, at(1, "b")]], {});
  assert.equal(ids(records), "b");
  assert.deepEqual(written.left, { too_long: 1 });
});
