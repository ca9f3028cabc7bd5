import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { verbs } from "../../src/cli/commands.ts";
import { drayage } from "./fake-terminal.ts";

/** Two empty run directories and a second name of the first. */
function runs(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), "drayage-runs-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const [a, b, link] = ["a", "b", "link"].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  for (const path of [a, b]) mkdirSync(path);
  symlinkSync(a, link);
  return { a, b, link };
}

type Case = {
  readonly name: string;
  readonly words: (named: ReturnType<typeof runs>) => string[];
  readonly says: RegExp;
};

for (const { name, words, says } of [
  {
    name: "a sum of the same run",
    words: ({ a, b }) => ["merge", a, b, a],
    says: /a is named twice: each run counts once$/m,
  },
  {
    name: "a sum of a run and another name of it",
    words: ({ a, link }) => ["merge", a, link],
    says: /a and .*link are the same run: each counts once$/m,
  },
  {
    name: "a side of a comparison that holds a run twice",
    words: ({ a, b, link }) => ["compare", b, "--against", `${link},${a}`],
    says: /link and .*a are the same run/,
  },
  {
    name: "a run on both sides, of which one has several,",
    words: ({ a, b, link }) => ["compare", a, b, "--against", link],
    says: /a and .*link are the same run: each counts once$/m,
  },
  {
    name: "a comparison of a run with itself, which is none here,",
    words: ({ a }) => ["compare", a, a],
    says: /a holds no run/,
  },
] satisfies readonly Case[])
  test(`${name} ends with 2`, async (t) => {
    const { exit, err } = await drayage(words(runs(t)), { verbs });
    assert.equal(exit, 2, err);
    assert.match(err, says);
  });
