import assert from "node:assert/strict";
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { makeFolder } from "../../src/core/folder.ts";

function scratch(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "drayage-folder-"));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

test("a folder is made with its parents, and making it again changes nothing", (t) => {
  const folder = join(scratch(t), "a/b/c");
  makeFolder(folder);
  makeFolder(folder);
  assert.ok(statSync(folder).isDirectory());
});

test("folders that are made get the mode that was asked for", (t) => {
  const root = scratch(t);
  makeFolder(join(root, "a/b"), 0o700);
  assert.deepEqual(
    ["a", "a/b"].map((name) => statSync(join(root, name)).mode & 0o777),
    [0o700, 0o700],
  );
});

test("a file in the way is the system's error, not a folder", (t) => {
  const root = scratch(t);
  writeFileSync(join(root, "file"), "");
  assert.throws(() => makeFolder(join(root, "file")), { code: "EEXIST" });
  assert.throws(() => makeFolder(join(root, "file/a/b")), { code: "ENOTDIR" });
});

test("where the system makes no folders the call ends with its error", (t) => {
  if (process.platform !== "linux") {
    t.skip("needs /proc, which only Linux has");
    return;
  }
  assert.throws(() => makeFolder("/proc/drayage/a"), { code: "ENOENT" });
});
