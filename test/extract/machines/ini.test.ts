import assert from "node:assert/strict";
import { test } from "node:test";
import { parseIni } from "../../../src/extract/machines/ini.ts";

test("values, comments, continued lines and both signs are read as Python reads them", () => {
  const text =
    "; comment\n[a]\nKey = one = two\n other: three\n\n# comment\nlast :  x%%y  \n   z\r\n[b]\nempty =\n[a]\nmore = 1\n";
  const ini = parseIni(text, "file");
  assert.deepEqual(
    [...ini].map(([name, values]) => [name, ...values]),
    [
      ["a", ["key", "one = two\nother: three"], ["last", "x%y\nz"], ["more", "1"]],
      ["b", ["empty", ""]],
    ],
  );
});
