import assert from "node:assert/strict";
import fs, { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { type ToldComparison, tellComparison } from "../../src/cli/compare/told-comparison.ts";
import { writeOutput } from "../../src/cli/output-file.ts";
import { DrayageError, UsageError } from "../../src/core/errors.ts";

function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), "drayage-output-"));
  t.after(() => rmSync(path, { recursive: true }));
  return path;
}

test("a file that a flag names is written", (t) => {
  const path = join(folder(t), "page.html");
  writeOutput(path, "text", "--page");
  assert.equal(readFileSync(path, "utf8"), "text");
});

for (const place of ["none/page.html", ""])
  test(`the page of a comparison at "${place}" in a folder is the user's to mend`, (t) => {
    const page = join(folder(t), place);
    const told: ToldComparison = {
      results: {},
      text: () => "",
      page: {
        a: { directories: ["A"], done: 1, failed: 0, perSecond: 1 },
        b: { directories: ["B"], done: 1, failed: 0, perSecond: 1 },
        verdict: "same",
        basis: "seconds",
        warnings: [],
        dissimilarities: [],
        leftOut: [],
        differences: { heads: [], cells: [], textColumns: 1 },
        sections: [],
      },
      charts: {},
      figures: {},
      titles: {},
      failed: [],
    };
    const given = { page, figures: undefined, json: true };
    const terminal = { out: process.stdout, err: process.stderr, env: {} };
    assert.throws(
      () => tellComparison(told, given, terminal),
      (error) => error instanceof UsageError && /^cannot write --page .*: E/.test(error.message),
    );
  });

test("a full disk is not the user's mistake", (t) => {
  const mocked = t.mock.method(fs, "writeFileSync", () => {
    throw Object.assign(new Error("ENOSPC: no space left on device"), { code: "ENOSPC" });
  });
  syncBuiltinESMExports();
  t.after(() => {
    mocked.mock.restore();
    syncBuiltinESMExports();
  });
  assert.throws(
    () => writeOutput("page.html", "text", "--page"),
    (error) => error instanceof DrayageError && error.code === "storage",
  );
});
