import assert from "node:assert/strict";
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { devNull, tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { UsageError } from "../../src/core/errors.ts";
import { requireReplaceable } from "../../src/core/replaceable.ts";
import { PartialFile } from "../../src/extract/output/partial-file.ts";
import { OutputFile } from "../../src/trace/conversion/output-file.ts";

const says = (text: RegExp) => (error: unknown) =>
  error instanceof UsageError && text.test(error.message);

test("a file may take the place of a file, or of nothing", (t) => {
  const folder = mkdtempSync(join(tmpdir(), "drayage-replaceable-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const [file, link] = [join(folder, "file"), join(folder, "link")];
  writeFileSync(file, "");
  symlinkSync(file, link);
  for (const path of [file, link, join(folder, "none"), join(file, "below a file")])
    requireReplaceable(path);
  assert.throws(() => requireReplaceable(folder), says(/is a folder: name the file/));
});

test("no file takes the place of a device: a rename would make /dev/null a file", () => {
  const device = says(/is a device or a pipe, whose place a file would take/);
  assert.throws(() => requireReplaceable(devNull), device);
  assert.throws(() => new PartialFile(devNull), device);
  assert.throws(() => new OutputFile(devNull, "none"), device);
});
