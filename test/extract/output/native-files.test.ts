import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { NativeFiles } from "../../../src/extract/output/native-files.ts";
import { scratch } from "../golden-events.ts";

const us = (text: string): number => Date.parse(`${text}Z`) * 1000;
const records = [
  { line: '{"n":1}', at: us("2017-06-19T23:59:59") },
  { line: '{"n":2}', at: us("2017-06-20T00:00:00") },
  { line: '{"n":3}', at: us("2017-06-20T05:59:59.999") },
  { line: '{"n":4}', at: us("2017-06-20T18:00:00") },
];

const filled = (path: string, isArray: boolean, shardHours: number | undefined): NativeFiles => {
  const files = new NativeFiles(path, { isArray, shardHours, keeps: true });
  for (const { line, at } of records) files.add(line, at);
  return files;
};

test("shards are arrays of their hours, numbered within the day, under their names when all are complete", (t) => {
  const folder = scratch(t);
  const files = filled(join(folder, "prod-dal09"), true, 6);
  const facts = files.complete();
  assert.ok(readdirSync(folder).every((name) => name.startsWith(".")));
  files.rename();
  const names = [
    "prod-dal09-logstash-2017.06.19-3.json",
    "prod-dal09-logstash-2017.06.20-0.json",
    "prod-dal09-logstash-2017.06.20-3.json",
  ];
  assert.deepEqual(readdirSync(folder).toSorted(), names);
  const read = names.map((name) => JSON.parse(readFileSync(join(folder, name), "utf8")));
  assert.deepEqual(read, [[{ n: 1 }], [{ n: 2 }, { n: 3 }], [{ n: 4 }]]);
  const hashes = names.map((name) =>
    createHash("sha256")
      .update(readFileSync(join(folder, name)))
      .digest("hex"),
  );
  assert.deepEqual(
    facts.files?.map(({ name, sha256 }) => [name, sha256]),
    names.map((name, at) => [name, hashes[at]]),
  );
  const list = hashes.map((hash) => `${hash}\n`).join("");
  assert.equal(facts.sha256, createHash("sha256").update(list).digest("hex"));
});

test("pieces of shards are read back from all of them, and discarding removes them", (t) => {
  const folder = scratch(t);
  const files = filled(join(folder, "x"), false, 24);
  files.complete();
  const text = Buffer.concat([...files.pieces()].map((piece) => Buffer.from(piece))).toString();
  assert.equal(text, records.map(({ line }) => `${line}\n`).join(""));
  files.discard();
  assert.deepEqual(readdirSync(folder), []);
});

test("without hours there is one file, and an empty trace is an empty array", (t) => {
  const folder = scratch(t);
  const one = filled(join(folder, "all.json"), true, undefined);
  one.complete();
  one.rename();
  assert.equal(JSON.parse(readFileSync(join(folder, "all.json"), "utf8")).length, 4);
  const options = { isArray: true, shardHours: undefined, keeps: true };
  const none = new NativeFiles(join(folder, "none.json"), options);
  none.complete();
  none.rename();
  assert.deepEqual(JSON.parse(readFileSync(join(folder, "none.json"), "utf8")), []);
});

test("shards of another run under the same prefix are refused, since they would be replayed too", (t) => {
  const folder = scratch(t);
  writeFileSync(join(folder, "p-logstash-2017.06.20-1.json"), "[]");
  assert.throws(
    () => new NativeFiles(join(folder, "p"), { isArray: true, shardHours: 1, keeps: true }),
    /p-logstash-2017\.06\.20-1\.json is there from another run/,
  );
  new NativeFiles(join(folder, "p"), { isArray: true, shardHours: 1, keeps: false }).discard();
});
