import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { OwnFile } from "../../../src/cli/replay/own-file.ts";

test("a file whose name another one has taken is written to no more, nor is the other one removed", (t) => {
  const directory = mkdtempSync(join(tmpdir(), "drayage-own-"));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const path = join(directory, "failures.ndjson");
  const frozen = new OwnFile(path);
  frozen.append("1\n");
  const next = new OwnFile(path);
  frozen.append("2\n");
  frozen.close();
  assert.equal(readFileSync(path, "utf8"), "");
  next.append("3\n");
  next.close();
  assert.equal(readFileSync(path, "utf8"), "3\n");
  new OwnFile(path).close();
  assert.ok(!existsSync(path));
  const absent = join(directory, "absent", "x");
  assert.throws(() => new OwnFile(absent), { code: "storage" });
});
