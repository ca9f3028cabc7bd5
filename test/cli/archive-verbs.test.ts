import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { appended, archiveFolder, openWriter, value } from "../fakes/archive-folder.ts";

type Ended = { readonly code: number; readonly out: string; readonly err: string };

const drayage = (...args: string[]): Promise<Ended> =>
  new Promise((resolve) => {
    execFile(process.execPath, ["bin/drayage.js", ...args], (error, out, err) =>
      resolve({ code: typeof error?.code === "number" ? error.code : 0, out, err }),
    );
  });

async function recorded(t: TestContext) {
  const directory = archiveFolder(t);
  const { writer } = await openWriter(t, { directory });
  const first = appended(writer, [value("/a/x", "one"), { kind: "null", path: "/b" }]);
  const second = appended(writer, [value("/a/y", "two")]);
  const name = await writer.rotate();
  appended(writer, [{ kind: "removed", path: "/a/x" }]);
  await writer.close();
  return { directory, name, first, second };
}

describe("drayage archive", () => {
  it("verify prints a line per file and exits 0; a flipped bit makes it 9, --repair writes a copy beside", async (t) => {
    const { directory, name } = await recorded(t);
    const sound = await drayage("archive", "verify", directory);
    assert.equal(sound.code, 0, sound.err);
    assert.match(sound.out, new RegExp(`${name} +sealed +2 +3 `));
    assert.match(sound.out, /current +open +1 +1 /);
    const file = join(directory, name);
    const damaged = readFileSync(file);
    damaged[damaged.length - 1] = (damaged.at(-1) as number) ^ 1;
    writeFileSync(file, damaged);
    const found = await drayage("archive", "verify", directory, "--repair");
    assert.equal(found.code, 9);
    assert.match(found.out, /DAMAGED/);
    assert.match(found.err, /wrote .*\.repaired with 2 batches/);
    assert.deepEqual(readFileSync(file), damaged, "the original is left as it is");
    assert.ok(readdirSync(directory).includes(`${name}.repaired`));
    const copy = await drayage("archive", "verify", `${file}.repaired`, "--json");
    assert.equal(copy.code, 0, copy.out);
    assert.equal(JSON.parse(copy.out).files[0].batches, 2);
    const dumped = await drayage("archive", "dump", `${file}.repaired`, "--json");
    assert.equal(dumped.out.trimEnd().split("\n").length, 2);
  });

  it("dump prints batches as text and as lines of JSON, within a time and a filter, with the image before", async (t) => {
    const { directory, first, second } = await recorded(t);
    const text = await drayage("archive", "dump", directory);
    assert.equal(text.code, 0, text.err);
    assert.match(
      text.out,
      /Z 2 events\n {2}\{"path":"\/a\/x","text":"one"\}\n {2}\{"path":"\/b","null":true\}/,
    );
    const json = await drayage(
      "archive",
      "dump",
      directory,
      "--json",
      "--filter",
      "/a/*",
      "--to",
      String(second.stamp),
    );
    const lines = json.out
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    assert.deepEqual(
      lines.map(({ us, events }) => [us, events]),
      [
        [first.stamp, [{ path: "/a/x", text: "one" }]],
        [second.stamp, [{ path: "/a/y", text: "two" }]],
      ],
    );
    const image = await drayage(
      "archive",
      "dump",
      directory,
      "--images",
      "--from",
      String(second.stamp),
    );
    assert.match(image.out, /^image .*\n {2}\{"path":"\/a\/x","text":"one"\}/);
    assert.match(image.out, /\{"path":"\/a\/y","none":true\}/);
  });

  it("compact rewrites the sealed files, and the archive stays sound", async (t) => {
    const { directory, name } = await recorded(t);
    const before = (await drayage("archive", "dump", directory)).out;
    const done = await drayage("archive", "compact", directory, "--codec", "zstd");
    assert.equal(done.code, 0, done.err);
    assert.match(done.out, new RegExp(`^${name}: 1 file, \\d+ B -> \\d+ B\n$`));
    assert.equal((await drayage("archive", "verify", directory)).code, 0);
    assert.equal((await drayage("archive", "dump", directory)).out, before);
  });

  for (const [what, args, says] of [
    ["a path that is not there", ["verify", "/nowhere/at/all"], /there is no \/nowhere\/at\/all/],
    ["a folder without an archive", ["verify", "docs"], /docs holds no archive/],
    ["what cannot be looked at", ["verify", "x".repeat(300)], /x cannot be read: ENAMETOOLONG/],
    ["a time that is none", ["dump", "docs", "--from", "noon"], /--from wants a time such as/],
    ["a glob that is none", ["dump", "docs", "--filter", "[a"], /--filter \[a/],
    ["one file to compact", ["compact", "docs/terms.md"], /terms\.md is a file: .* say docs/],
    ["a codec that is none", ["compact", "docs", "--codec", "zip"], /--codec/],
  ] as const)
    it(`${what} is one line and exit 2`, async () => {
      const { code, err } = await drayage("archive", ...args);
      assert.equal(code, 2, err);
      assert.match(err, says);
      assert.equal(err.trimEnd().split("\n").length, 1);
    });
});
