import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { DrayageError } from "../../src/core/errors.ts";
import { type CommandLine, StorageCommands } from "../../src/record/storage-commands.ts";

const name = "2026-01-31T12:00:00.123456Z";
const node = (script: string, ...words: string[]): CommandLine => [
  process.execPath,
  ["-e", script, ...words],
];
const nothing = node("");

type Given = {
  readonly list?: CommandLine;
  readonly get?: CommandLine;
  readonly put?: CommandLine;
};

function commands(t: TestContext, given: Given) {
  const folder = mkdtempSync(join(tmpdir(), "drayage-storage-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const notices: string[] = [];
  const storage = new StorageCommands({
    list: nothing,
    get: nothing,
    put: nothing,
    ...given,
    folder,
    shard: 2,
    retryMs: 1,
    leftOpenMs: 20,
    onNotice: (sentence) => notices.push(sentence),
  });
  return { storage, folder, notices };
}

describe("the storage commands", () => {
  test("list gives the names that are dates, warns of others, passes stderr on", async (t) => {
    const script = `console.log("${name}\\ncurrent\\nREADME\\n2026-02-01T00I00I00Z"); console.error("slow\\ntoday")`;
    const { storage, notices } = commands(t, { list: node(script) });
    assert.deepEqual(await storage.list(), [name, "2026-02-01T00I00I00Z"]);
    assert.ok(notices.includes("warning: list: slow"));
    assert.ok(notices.includes("warning: list: today"));
    assert.ok(
      notices.some((notice) => notice.includes('no date, such as "README"')),
      notices.join(),
    );
  });

  test("a list that fails, or cannot be run, leaves the local files", async (t) => {
    for (const list of [node("process.exit(3)"), ["/nowhere/list", []] as const]) {
      const { storage, notices } = commands(t, { list });
      assert.deepEqual(await storage.list(), []);
      assert.match(
        notices.join(),
        /list failed, only local files are known: .*(exited with 3|cannot be run)/,
      );
    }
  });

  test("get is given the name as its last word, {shard} replaced, without a shell", async (t) => {
    const script =
      "require('fs').writeFileSync(process.env.DRAYAGE_ARCHIVE + '/' + process.argv.at(-1), JSON.stringify(process.argv.slice(1)))";
    const { storage, folder } = commands(t, { get: node(script, "s{shard}", "$(touch x); *") });
    await storage.get(name);
    assert.deepEqual(JSON.parse(readFileSync(join(folder, name), "utf8")), [
      "s2",
      "$(touch x); *",
      name,
    ]);
  });

  test("get is tried three times, then fails with the stated text", async (t) => {
    const script =
      "require('fs').appendFileSync(process.env.DRAYAGE_ARCHIVE + '/tries', '.'); process.exit(1)";
    const { storage, folder, notices } = commands(t, { get: node(script) });
    await assert.rejects(
      storage.get(name),
      (error) =>
        error instanceof DrayageError &&
        error.message.startsWith(`could not open log file ${name}`),
    );
    assert.equal(readFileSync(join(folder, "tries"), "utf8"), "...");
    assert.equal(notices.length, 3);
  });

  test("get succeeds at the third try", async (t) => {
    const script = `const fs = require("fs"), dir = process.env.DRAYAGE_ARCHIVE;
      fs.appendFileSync(dir + "/tries", "."); if (fs.readFileSync(dir + "/tries").length < 3) process.exit(1);
      fs.writeFileSync(dir + "/" + process.argv.at(-1), "")`;
    const { storage } = commands(t, { get: node(script) });
    await storage.get(name);
  });

  test("a get that brings nothing has failed, whatever it says", async (t) => {
    const { storage } = commands(t, { get: nothing });
    await assert.rejects(storage.get(name), /it ended well, but .* is not in/);
  });

  test("puts go one after the other; a failure is counted and the next one goes on", async (t) => {
    const script = `const fs = require("fs"), dir = process.env.DRAYAGE_ARCHIVE;
      if (fs.existsSync(dir + "/busy")) fs.writeFileSync(dir + "/overlap", "");
      fs.writeFileSync(dir + "/busy", "");
      setTimeout(() => { fs.appendFileSync(dir + "/put", process.argv.at(-1) + "\\n"); fs.rmSync(dir + "/busy");
        process.exit(process.argv.at(-1) === "b" ? 1 : 0) }, 20)`;
    const { storage, folder, notices } = commands(t, { put: node(script) });
    for (const file of ["a", "b", "c"]) storage.put(file);
    assert.equal(storage.state().putting, 3);
    await storage.settled();
    assert.deepEqual(storage.state(), { putting: 0, putFailures: 1 });
    assert.equal(readFileSync(join(folder, "put"), "utf8"), "a\nb\nc\n");
    assert.equal(existsSync(join(folder, "overlap")), false);
    assert.match(notices.join(), /put b failed, the file stays/);
  });

  test("an endless stderr is cut", async (t) => {
    const { storage, notices } = commands(t, {
      list: node("for (let n = 0; n < 1000; n++) console.error(n)"),
    });
    await storage.list();
    assert.equal(notices.length, 21);
  });

  for (const [what, program] of [
    ["a folder", tmpdir()],
    ["below a file", "/etc/passwd/put"],
    ["of a name that is too long", "p".repeat(5_000)],
    ["with a zero byte", "put\0"],
  ] as const)
    test(`a program that is ${what} is a failure like any other`, async (t) => {
      const { storage, notices } = commands(t, { put: [program, []] });
      for (const file of ["x", "y"]) storage.put(file);
      await storage.settled();
      assert.match(notices.join(), /put x failed.*cannot be run/);
      assert.deepEqual(storage.state(), { putting: 0, putFailures: 2 });
    });

  test("what a program leaves running in the background is not waited for, though it holds the pipes", async (t) => {
    const script = `const left = require("child_process").spawn("sleep", ["60"], { stdio: "inherit" });
      console.error(left.pid); console.log("${name}"); process.exit(0)`;
    const { storage, notices } = commands(t, { list: node(script) });
    assert.deepEqual(await storage.list(), [name]);
    const pid = Number(/list: (\d+)/.exec(notices.join())?.[1]);
    assert.ok(process.kill(pid), "it still runs");
  });

  test("two who want one file at once have it fetched once", async (t) => {
    const script =
      "const fs = require('fs'), dir = process.env.DRAYAGE_ARCHIVE; fs.appendFileSync(dir + '/tries', '.'); fs.writeFileSync(dir + '/' + process.argv.at(-1), '')";
    const { storage, folder } = commands(t, { get: node(script) });
    await Promise.all([storage.get(name), storage.get(name)]);
    assert.equal(readFileSync(join(folder, "tries"), "utf8"), ".");
    await storage.get(name);
    assert.equal(readFileSync(join(folder, "tries"), "utf8"), "..");
  });
});
