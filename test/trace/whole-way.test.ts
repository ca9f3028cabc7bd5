// Reading, sorting, spilling and merging against what JSON.parse and a plain stable sort make of the same records.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { folderFor, type Native, nativeAt, readAll } from "./fixtures.ts";

const TINY_MEMORY = 2048;

const text = fc.oneof(
  fc.string({ unit: fc.constantFrom("a", "7", "\\", '"', "/", "é", "\n", "\u0001", "😀") }),
  fc.constantFrom("0ee76ffa", "docker/17.03.1-ce \\(linux\\)", ""),
);
const duration = fc.oneof(
  fc.double({ min: 0, max: 1e6, noNaN: true }),
  fc.integer({ min: 0, max: 4_000_000_000 }).map((nanos) => nanos / 1e9),
  fc.integer({ min: 0, max: 2 ** 40 }),
);
const changes = fc.record(
  {
    host: fc.option(text),
    "http.request.duration": duration,
    "http.request.remoteaddr": fc.option(text),
    "http.request.useragent": fc.option(text),
    "http.response.status": fc.integer({ min: 0, max: 999 }),
    "http.response.written": fc.integer({ min: 1, max: 2 ** 52 }),
    id: text,
    other: fc.jsonValue({ maxDepth: 2 }),
  },
  { requiredKeys: ["http.response.written"] },
);

/** Seconds of the records from their number: in order, nearly, reversed, and without any. */
const orders: Record<string, (row: number, jitter: number) => number> = {
  "in order": (row) => Math.floor(row / 3),
  "nearly in order": (row, jitter) => row + jitter,
  reversed: (row) => 1000 - row,
  "in no order": (row, jitter) => (row * 7919 + jitter) % 101,
};

const shards = fc.array(
  fc.array(fc.record({ changes, jitter: fc.integer({ min: 0, max: 9 }) }), { maxLength: 60 }),
  { minLength: 1, maxLength: 3 },
);

type Expected = { readonly second: number; readonly record: Native };

const expectedOf = (records: readonly Expected[]): unknown[] =>
  records
    .toSorted((a, b) => a.second - b.second)
    .map(({ record }) => [
      record.id,
      record["http.response.written"],
      record["http.request.duration"] ?? 0,
      record["http.request.remoteaddr"] ?? null,
      record["http.request.useragent"] ?? null,
      record.host ?? null,
      // 0 stands for none.
      record["http.response.status"] || null,
    ]);

for (const [title, secondOf] of Object.entries(orders)) {
  for (const openFilesMax of [2, 256]) {
    test(`records ${title} come out sorted and whole through merges of ${openFilesMax}`, async (t) => {
      const location = folderFor(t);
      await fc.assert(
        fc.asyncProperty(shards, fc.constantFrom(undefined, 1), async (drawn, space) => {
          fc.pre(drawn.some((shard) => shard.length > 0));
          const traces = drawn.map((_, number) => `${number}.json`);
          const all: Expected[] = [];
          for (const [number, shard] of drawn.entries()) {
            const expected = shard.map((one, row) => {
              const second = secondOf(row, one.jitter);
              return { second, record: nativeAt(second, one.changes) };
            });
            const records = expected.map(({ record }) => record);
            writeFileSync(join(location, `${number}.json`), JSON.stringify(records, null, space));
            all.push(...expected);
          }
          const options = { location, traces, memoryBytes: TINY_MEMORY, openFilesMax };
          const { records } = await readAll(options);
          assert.deepEqual(
            records.map((one) => [
              one.id,
              one.size,
              one.duration,
              one.client,
              one.userAgent,
              one.host,
              one.status,
            ]),
            expectedOf(all),
          );
        }),
        { numRuns: 12 },
      );
    });
  }
}

test("a trace in order is spilled as a single run, one in reverse as many", async (t) => {
  const location = folderFor(t);
  const spilled = async (seconds: readonly number[]): Promise<number> => {
    writeFileSync(
      join(location, "trace.json"),
      JSON.stringify(seconds.map((second) => nativeAt(second))),
    );
    const { account } = await readAll({
      location,
      traces: ["trace.json"],
      memoryBytes: TINY_MEMORY,
    });
    return account.spilled.runs;
  };
  const rising = Array.from({ length: 300 }, (_, row) => Math.floor(row / 7));
  assert.equal(await spilled(rising), 1);
  assert.ok((await spilled(rising.toReversed())) > 20);
});
