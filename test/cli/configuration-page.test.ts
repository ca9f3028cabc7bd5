import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { configurationRows } from "./configuration-page.ts";

const page = readFileSync(new URL("../../docs/configuration.md", import.meta.url), "utf8");

test("docs/configuration.md lists every key as the table of the program has it, and no other", () => {
  const rows = configurationRows();
  assert.ok(rows.length > 50);
  const [, table = ""] = page.split("| --- | --- | --- | --- | --- |\n");
  assert.deepEqual(table.trim().split("\n"), rows);
});
