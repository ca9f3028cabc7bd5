import assert from "node:assert/strict";
import { readFileSync, symlinkSync } from "node:fs";
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
