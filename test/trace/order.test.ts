import assert from "node:assert/strict";
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { openTrace } from "../../src/trace/open-trace.ts";
import { folderFor, type Native, nativeAt, readAll, sumOf } from "./fixtures.ts";

/** Less than a dozen records: every few of them are spilled. */
const TINY_MEMORY = 2048;

/** Shards with these seconds each; the ids tell shard and row. */
function writeShards(folder: string, shards: readonly (readonly number[])[]): string[] {
  return shards.map((shard, number) => {
    const records: Native[] = shard.map((second, row) =>
      nativeAt(second, { id: `${number}.${row}` }),
    );
    const name = `shard-${number}.json`;
    writeFileSync(join(folder, name), JSON.stringify(records));
    return name;
  });
}

/** What a plain stable sort makes of them. */
const sorted = (shards: readonly (readonly number[])[]): string[] =>
  shards
    .flatMap((shard, number) => shard.map((second, row) => ({ second, id: `${number}.${row}` })))
    .sort((a, b) => a.second - b.second)
    .map(({ id }) => id);

const shardsOf = fc.array(fc.array(fc.integer({ min: 0, max: 40 }), { maxLength: 60 }), {
  minLength: 1,
  maxLength: 4,
});

for (const [title, options] of [
  ["in memory", {}],
  ["through spilled runs", { memoryBytes: TINY_MEMORY }],
  ["in several passes of a merge of two", { memoryBytes: TINY_MEMORY, openFilesMax: 2 }],
] as const) {
  test(`shards sorted ${title} come out as a plain stable sort has them`, async (t) => {
    const location = folderFor(t);
    const tmpDir = folderFor(t);
    await fc.assert(
      fc.asyncProperty(shardsOf, async (shards) => {
        fc.pre(shards.some((shard) => shard.length > 0));
        const traces = writeShards(location, shards);
        const { records, account } = await readAll({ location, traces, tmpDir, ...options });
        assert.deepEqual(
          records.map(({ id }) => id),
          sorted(shards),
        );
        assert.deepEqual(
          records.map(({ seq }) => seq),
          records.map((_, place) => place),
        );
        assert.equal(account.kept, records.length);
        assert.deepEqual(readdirSync(tmpDir), []);
      }),
      { numRuns: 25 },
    );
  });
}

test("arrivals too far apart for a packed key are sorted all the same", async (t) => {
  const location = folderFor(t);
  const year = 366 * 86_400;
  const shards = [
    [3 * year, 0, year],
    [year, 2 * year, 0.000001],
  ];
  const { records } = await readAll({ location, traces: writeShards(location, shards) });
  assert.deepEqual(
    records.map(({ id }) => id),
    sorted(shards),
  );
});

test("spilled runs are reported, have no names while they are read, and end with the stream", async (t) => {
  const location = folderFor(t);
  const tmpDir = folderFor(t);
  const shard = Array.from({ length: 500 }, (_, row) => (row * 7919) % 500);
  const traces = writeShards(location, [shard]);
  const stream = await openTrace({ location, traces, tmpDir, memoryBytes: TINY_MEMORY });
  const { runs, bytes } = stream.account.spilled;
  assert.ok(runs > 30 && bytes >= 500 * 64, `${runs} runs, ${bytes} bytes`);
  assert.deepEqual(readdirSync(tmpDir), []);
  for (let second = 0; second < 500; second++) {
    assert.ok(stream.next());
    assert.equal(stream.delayUs, second * 1e6);
  }
  assert.deepEqual([stream.next(), stream.next()], [false, false]);
  stream.close();
});

test("a limit to few requests writes nothing to disk, however small the memory", async (t) => {
  const location = folderFor(t);
  const shard = Array.from({ length: 500 }, (_, row) => (row * 7919) % 500);
  const traces = writeShards(location, [shard]);
  for (const limit of [
    { type: "requests", amount: 3 },
    { type: "seconds", amount: 2 },
  ] as const) {
    const { records, account } = await readAll({
      location,
      traces,
      limit,
      memoryBytes: TINY_MEMORY,
    });
    assert.deepEqual(
      records.map(({ delay }) => delay),
      [0, 1, 2],
    );
    assert.deepEqual(
      [account.spilled.runs, account.kept, account.filtered],
      [0, 3, { limit: 497 }],
    );
  }
});

test("a failure while reading leaves no temporary files behind", async (t) => {
  const location = folderFor(t);
  const tmpDir = folderFor(t);
  const traces = writeShards(location, [Array.from({ length: 500 }, (_, row) => 500 - row)]);
  writeFileSync(join(location, "bad.json"), "[{}]");
  const options = { location, traces: [...traces, "bad.json"], tmpDir, memoryBytes: TINY_MEMORY };
  await assert.rejects(openTrace({ ...options, strict: true }), /bad\.json: record 1/);
  assert.deepEqual(readdirSync(tmpDir), []);
});

test("reading stops at a signal", async (t) => {
  const location = folderFor(t);
  const tmpDir = folderFor(t);
  const traces = writeShards(location, [Array.from({ length: 500 }, (_, row) => 500 - row)]);
  const controller = new AbortController();
  const opening = openTrace({
    location,
    traces,
    tmpDir,
    memoryBytes: TINY_MEMORY,
    signal: controller.signal,
    onProgress: () => controller.abort(),
  });
  await assert.rejects(opening, { code: "interrupted" });
  assert.deepEqual(readdirSync(tmpDir), []);
});

test("records longer than the memory and than the buffers of a merge pass through", async (t) => {
  const location = folderFor(t);
  const records = Array.from({ length: 40 }, (_, row) =>
    nativeAt(40 - row, {
      "http.request.useragent": "x".repeat(row % 2 === 0 ? 65_000 : 9),
      id: "y".repeat(60_000),
    }),
  );
  writeFileSync(join(location, "long.json"), JSON.stringify(records));
  const read = await readAll({
    location,
    traces: ["long.json"],
    memoryBytes: TINY_MEMORY,
    openFilesMax: 3,
  });
  assert.deepEqual(
    read.records.map(({ userAgent, id }) => [userAgent?.length, id?.length]),
    records.toReversed().map((record) => [String(record["http.request.useragent"]).length, 60_000]),
  );
  assert.equal(read.account.read, sumOf(read.account));
});
