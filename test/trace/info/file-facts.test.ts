import assert from "node:assert/strict";
import { test } from "node:test";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { shardHoles } from "../../../src/trace/info/file-facts.ts";
import { folderWith, nativeAt } from "../fixtures.ts";
import { describedFiles } from "./described.ts";

const day = "data/prod-dal09-logstash-2017.06.20";

for (const { name, files, wanted } of [
  { name: "all shards are there", files: [`${day}-0.json`, `${day}-1.json.gz`], wanted: [] },
  {
    name: "a number is missing between others",
    files: [`${day}-0.json`, `${day}-1.json`, `${day}-3.json`],
    wanted: [{ series: day, missing: [2] }],
  },
  {
    name: "the first number is missing",
    files: [`${day}-2.json`],
    wanted: [{ series: day, missing: [0, 1] }],
  },
  { name: "names are no names of shards", files: ["a.json", "b-3.json"], wanted: [] },
]) {
  test(`holes when ${name}`, () => {
    assert.deepEqual(shardHoles(files), wanted);
  });
}

test("files say how they are packed, when they are, whether in order, and which overlap", async (t) => {
  const text = (...seconds: number[]): string =>
    JSON.stringify(seconds.map((second) => nativeAt(second)));
  const folder = folderWith(t, {
    "a.json": text(0, 10),
    "b.json.gz": gzipSync(text(20, 5)),
    "c.json.zst": zstdCompressSync(text(30, 40)),
    "d.json": "[]",
  });
  const { files } = await describedFiles([folder]);
  assert.deepEqual(
    files.map(({ compression, records, first, inOrder, overlaps }) => [
      compression,
      records,
      first,
      inOrder,
      overlaps,
    ]),
    [
      ["none", 2, "2017-06-20T00:00:00.000Z", true, 1],
      ["gzip", 2, "2017-06-20T00:00:05.000Z", false, 1],
      ["zstd", 2, "2017-06-20T00:00:30.000Z", true, 0],
      ["none", 0, null, true, 0],
    ],
  );
});
