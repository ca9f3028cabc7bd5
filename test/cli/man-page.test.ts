import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { verbs } from "../../src/cli/commands.ts";
import { typedOptions } from "../../src/cli/typed-options.ts";
import { ExitCode } from "../../src/core/exit-code.ts";
import { drayage } from "./fake-terminal.ts";

test("manual page: man sets it without a warning, and it names every command, flag and exit code", async (t) => {
  const { exit, out } = await drayage(["man"], { verbs });
  assert.equal(exit, 0);
  const env = {
    PATH: process.env.PATH,
    MANWIDTH: "200",
    LC_ALL: "C.UTF-8",
    MAN_KEEP_FORMATTING: "",
  };
  const man = spawnSync("man", ["--warnings", "-l", "-"], { input: out, encoding: "utf8", env });
  if (man.error !== undefined) return t.skip("needs man: apt-get install man-db");
  assert.equal(man.stderr, "");
  assert.equal(man.status, 0);
  const text = man.stdout;
  for (const { name, load } of verbs) {
    const at = text.indexOf(`   drayage ${name}`);
    assert.ok(at > 0, name);
    const end = text.indexOf("\n   drayage ", at + 1);
    const part = text.slice(at, end < 0 ? undefined : end);
    for (const flag of Object.keys(typedOptions((await load()).options)))
      assert.ok(part.includes(`--${flag}`), `${name} --${flag}`);
  }
  for (const code of Object.values(ExitCode))
    assert.match(text, new RegExp(`^ +${code} +\\w`, "m"));
});
