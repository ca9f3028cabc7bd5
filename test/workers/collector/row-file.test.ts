import assert from "node:assert/strict";
import { readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { gunzipSync, zstdDecompressSync } from "node:zlib";
import { DrayageError, UsageError } from "../../../src/core/errors.ts";
import { RowFile } from "../../../src/workers/collector/row-file.ts";
import { folderFor } from "../../trace/fixtures.ts";

function addRow(file: RowFile, text: string): void {
  file.beginRow();
  file.text.reserve(text.length);
  file.text.piece(Buffer.from(text));
}

const plain = (bytes: Buffer): Buffer => bytes;

for (const { name, unpack, rows, holds } of [
  { name: "rows.json", unpack: plain, rows: [], holds: "[\n\n]\n" },
  { name: "rows.json", unpack: plain, rows: ["1", "2"], holds: "[\n1,\n2\n]\n" },
  { name: "rows.ndjson", unpack: plain, rows: [], holds: "" },
  { name: "rows.ndjson", unpack: plain, rows: ["1", "2"], holds: "1\n2\n" },
  { name: "rows.json.gz", unpack: gunzipSync, rows: ["1"], holds: "[\n1\n]\n" },
  { name: "rows.ndjson.zst", unpack: zstdDecompressSync, rows: ["1", "2"], holds: "1\n2\n" },
] as const) {
  test(`row file: ${rows.length} rows in ${name}`, async (t) => {
    const path = join(folderFor(t), name);
    const file = new RowFile(path);
    for (const row of rows) addRow(file, row);
    file.endRows();
    await file.close();
    await file.close();
    assert.equal(unpack(readFileSync(path)).toString(), holds);
    assert.equal(file.rows, rows.length);
  });
}

for (const { name, row } of [
  { name: "rows.json", row: false },
  { name: "rows.json", row: true },
  { name: "rows.ndjson.gz", row: false },
  { name: "rows.ndjson.gz", row: true },
]) {
  const what = row ? "one row replaces" : "a run that comes to nothing leaves";
  test(`row file: ${what} the longer ${name} of an earlier run`, async (t) => {
    const path = join(folderFor(t), name);
    const before = Buffer.from("what an earlier run has left here, longer than what comes");
    writeFileSync(path, before);
    const file = new RowFile(path);
    assert.deepEqual(readFileSync(path), before, "it is there until the first rows are written");
    if (row) addRow(file, "1");
    file.endRows();
    if (!row) file.flush();
    await file.leave();
    await file.leave();
    await file.close();
    const after = readFileSync(path);
    if (row)
      assert.equal(
        (name.endsWith(".gz") ? gunzipSync(after) : after).toString().trim(),
        name.endsWith(".gz") ? "1" : "[\n1\n]",
      );
    else assert.deepEqual(after, before);
  });
}

test("row file: closed without rows, it is valid, whatever an earlier run has left", async (t) => {
  const path = join(folderFor(t), "rows.json");
  writeFileSync(path, "earlier rows, longer than an empty array");
  await new RowFile(path).close();
  assert.equal(readFileSync(path, "utf8"), "[\n\n]\n");
  const lines = join(folderFor(t), "rows.ndjson");
  writeFileSync(lines, "1\n2\n");
  await new RowFile(lines).close();
  assert.equal(readFileSync(lines, "utf8"), "");
  const fresh = new RowFile(`${path}.new.json`);
  await fresh.leave();
  assert.equal(readFileSync(fresh.path, "utf8"), "[\n\n]\n");
});

test("row file: a folder that is not there is said at once", (t) => {
  const path = join(folderFor(t), "nowhere", "rows.json");
  assert.throws(() => new RowFile(path), UsageError);
});

for (const name of ["rows.json", "rows.json.gz", "rows.ndjson.zst"]) {
  test(`row file: ${name} on a full disk takes no more rows and says why, twice`, async (t) => {
    const path = join(folderFor(t), name);
    symlinkSync("/dev/full", path);
    const file = new RowFile(path);
    const isFull = (error: unknown): boolean =>
      error instanceof DrayageError &&
      error.code === "storage" &&
      /rows\..*ENOSPC.*free space/.test(error.message);
    const row = Buffer.alloc(64 * 1024, "0123456789abcdef").toString();
    await assert.rejects(async () => {
      for (let rows = 0; rows < 10_000; rows++) {
        assert.ok(file.hasRoom || rows > 0);
        addRow(file, `"${row}${Math.random()}"`);
        file.endRows();
        await pause(0);
      }
    }, isFull);
    assert.equal(file.hasRoom, true, "whoever waits for room would never hear of it");
    await assert.rejects(file.close(), isFull);
  });
}
