import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { gzipSync } from "node:zlib";
import { ByteWriter, parquetWrite } from "hyparquet-writer";
import { folderFor, readAll } from "./fixtures.ts";

type Columns = Parameters<typeof parquetWrite>[0]["columnData"];

/** Columns as other programs write them: the three that must be there, and more. */
const columns = (more: Columns = []): Columns => [
  { name: "http.request.method", data: ["GET", "GET"], type: "STRING" },
  { name: "http.request.uri", data: ["v2/a/blobs/1", "v2/a/blobs/2"], type: "STRING" },
  { name: "timestamp", data: [new Date(5000), new Date(4000)], type: "TIMESTAMP" },
  { name: "http.response.written", data: [7, 8], type: "INT32" },
  ...more,
];

function fileOf(t: TestContext, columnData: Columns, options: object = {}): string {
  const writer = new ByteWriter();
  void parquetWrite({ writer, columnData, ...options });
  const path = join(folderFor(t), "trace.parquet");
  writeFileSync(path, Buffer.from(writer.getBytes()));
  return path;
}

test("a replay reads Parquet: sorted, with row numbers, columns it does not know named", async (t) => {
  const path = fileOf(t, columns([{ name: "zone", data: ["x", "y"], type: "STRING" }]));
  const { records, account } = await readAll({ traces: [path] });
  assert.deepEqual(
    records.map(({ uri, size, arrival, origin }) => [uri, size, arrival, origin.row]),
    [
      ["v2/a/blobs/2", 8, 4, 2],
      ["v2/a/blobs/1", 7, 5, 1],
    ],
  );
  assert.deepEqual(account.files[0]?.ignoredColumns, ["zone"]);
});

const times = [
  {
    type: "INT64",
    data: [1_500_000_000_123_456n, 0n],
    logical: "MICROS",
    gives: [0, 1_500_000_000.123456],
  },
  {
    type: "INT64",
    data: [1_500_000_000_123_456_789n, 0n],
    logical: "NANOS",
    gives: [0, 1_500_000_000.123457],
  },
] as const;

for (const { data, logical, gives } of times) {
  test(`times in ${logical.toLowerCase()} are read to the microsecond`, async (t) => {
    const names = ["http.request.method", "http.request.uri", "http.response.written", "timestamp"];
    const timestamp = { type: "TIMESTAMP", isAdjustedToUTC: true, unit: logical } as const;
    const path = fileOf(
      t,
      [
        ...columns()
          .filter(({ name }) => name !== "timestamp")
          .map(({ name, data }) => ({ name, data })),
        { name: "timestamp", data: [...data] },
      ],
      {
        schema: [
          { name: "root", num_children: names.length },
          {
            name: names[0],
            type: "BYTE_ARRAY",
            converted_type: "UTF8",
            repetition_type: "REQUIRED",
          },
          {
            name: names[1],
            type: "BYTE_ARRAY",
            converted_type: "UTF8",
            repetition_type: "REQUIRED",
          },
          { name: names[2], type: "INT32", repetition_type: "REQUIRED" },
          { name: names[3], type: "INT64", logical_type: timestamp, repetition_type: "REQUIRED" },
        ],
      },
    );
    const { records } = await readAll({ traces: [path] });
    assert.deepEqual(
      records.map(({ arrival }) => arrival),
      gives,
    );
  });
}

test("values of a wrong type are broken records, with their row", async (t) => {
  const given = columns().filter(({ name }) => name !== "http.response.written");
  const path = fileOf(t, [
    ...given,
    { name: "http.response.written", data: ["many", "8"], type: "STRING" },
  ]);
  const { account } = await readAll({ traces: [path] });
  assert.deepEqual(account.broken, { "type:http.response.written": 1 });
  assert.equal(account.brokenSamples[0]?.row, 1);
});

const refused: readonly { title: string; content: (t: TestContext) => Buffer; says: RegExp }[] = [
  {
    title: "a file that only begins like Parquet",
    content: () => Buffer.from("PAR1 and nothing more"),
    says: /begins like Parquet but cannot be read: /,
  },
];

for (const { title, content, says } of refused) {
  test(`${title} is refused`, async (t) => {
    const path = join(folderFor(t), "x.parquet");
    writeFileSync(path, content(t));
    await assert.rejects(readAll({ traces: [path] }), says);
  });
}

test("a row group that is damaged is one broken record, and the others are read", async (t) => {
  const rows = 3;
  const column = (name: string, value: string) => ({
    name,
    data: Array.from({ length: rows }, () => value),
    type: "STRING" as const,
    codec: "UNCOMPRESSED" as const,
  });
  const path = fileOf(
    t,
    [
      column("http.request.method", "HEAD"),
      column("http.request.uri", "v2/a/blobs/1"),
      column("timestamp", "2017-06-20T00:00:00Z"),
    ],
    { rowGroupSize: 1 },
  );
  const bytes = readFileSync(path);
  // The header of the first page, right behind the magic bytes.
  bytes.fill(0xff, 4, 12);
  writeFileSync(path, bytes);
  const { records, account } = await readAll({ traces: [path], include: ["blob:HEAD"] });
  assert.deepEqual(account.broken, { damaged: 1 });
  assert.match(account.brokenSamples[0]?.message ?? "", /^rows 1 to 1 cannot be read: /);
  assert.deepEqual(
    records.map(({ origin }) => origin.row),
    [2, 3],
  );
});

test("Parquet without the columns of a trace is refused by their names", async (t) => {
  const path = fileOf(t, [{ name: "a", data: [1], type: "INT32" }]);
  await assert.rejects(
    readAll({ traces: [path] }),
    /has no column http\.request\.method, http\.request\.uri, timestamp/,
  );
});

test("Parquet that is compressed as a whole is refused", async (t) => {
  const writer = new ByteWriter();
  void parquetWrite({ writer, columnData: columns() });
  const path = join(folderFor(t), "x.parquet.gz");
  writeFileSync(path, gzipSync(Buffer.from(writer.getBytes())));
  await assert.rejects(readAll({ traces: [path] }), /is compressed Parquet: unpack it/);
});
