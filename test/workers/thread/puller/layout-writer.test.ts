import assert from "node:assert/strict";
import fs, { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import type { PullFigures } from "../../../../src/cli/pull/pull-results.ts";
import { savedLayout } from "../../../../src/cli/pull/saved-layout.ts";
import { DrayageError } from "../../../../src/core/errors.ts";
import { LayoutWriter } from "../../../../src/workers/thread/puller/layout-writer.ts";

const body = Buffer.from("body");
const digests = ["a", "b", "c"].map((hex) => `sha256:${hex.repeat(64)}`) as [
  string,
  string,
  string,
];

function layout(t: TestContext) {
  const root = mkdtempSync(join(tmpdir(), "drayage-layout-"));
  t.after(() => rmSync(root, { recursive: true }));
  return { root, writer: new LayoutWriter(root, 0) };
}

function fails(t: TestContext, name: "writeSync" | "ftruncateSync" | "renameSync") {
  const mocked = t.mock.method(fs, name, () => {
    throw Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC" });
  });
  syncBuiltinESMExports();
  const end = (): void => {
    mocked.mock.restore();
    syncBuiltinESMExports();
  };
  t.after(end);
  return end;
}

const figuresOf = (writer: LayoutWriter): PullFigures =>
  ({ end: { threads: [{ saved: writer.saved, unsaved: writer.unsaved }] } }) as never;

test("a disk that takes all leaves whole blobs, and nothing is lacking", (t) => {
  const { root, writer } = layout(t);
  writer.saveManifest(body, { image: 0, digest: digests[0], mediaType: "m" });
  const file = writer.open(digests[1]);
  file?.write(body, 0, 4);
  assert.equal(file?.keep(), true);
  assert.equal(writer.open(digests[1]), undefined, "it is there");
  assert.equal(writer.unsaved, null);
  assert.equal(savedLayout(root, figuresOf(writer), String), undefined);
  assert.equal(readdirSync(join(root, "blobs/sha256")).length, 2);
});

for (const name of ["writeSync", "ftruncateSync", "renameSync"] as const)
  test(`a disk that fails at ${name} throws in no socket: what is missing is counted, and told once`, (t) => {
    const { root, writer } = layout(t);
    const end = fails(t, name);
    const file = writer.open(digests[0]);
    file?.write(body, 0, 4);
    file?.restart();
    file?.write(body, 0, 4);
    assert.equal(file?.keep(), false);
    assert.equal(writer.open(digests[1]), undefined);
    writer.saveManifest(body, { image: 0, digest: digests[2], mediaType: "m" });
    end();
    assert.equal(writer.unsaved?.count, 3);
    assert.deepEqual(writer.saved, [], "an index must not name what is not there");
    assert.deepEqual(readdirSync(join(root, "blobs/sha256")), []);
    const lack = savedLayout(root, figuresOf(writer), String);
    assert.ok(lack instanceof DrayageError);
    assert.equal(lack.code, "storage");
    assert.match(
      lack.message,
      /is not complete, 3 blobs or manifests were pulled and not saved: cannot write .*a{64}: ENOSPC/,
    );
  });

test("a folder that cannot be made is told in the same way", (t) => {
  const { root, writer } = layout(t);
  mkdirSync(join(root, "blobs"));
  writeFileSync(join(root, "blobs/sha256"), "");
  assert.equal(writer.open(digests[0]), undefined);
  assert.equal(writer.unsaved?.count, 1);
});
