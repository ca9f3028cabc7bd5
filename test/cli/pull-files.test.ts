import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { verbs } from "../../src/cli/commands.ts";
import { PullFiles } from "../../src/cli/pull/pull-files.ts";
import type { PullGiven } from "../../src/cli/pull/pull-options.ts";
import { DrayageError } from "../../src/core/errors.ts";
import { startEmbeddedRegistryThread } from "../../src/embedded/registry-thread.ts";
import { drayage } from "./fake-terminal.ts";

const FULL = "/dev/full";
const terminal = { out: process.stdout, err: process.stderr, env: {} };
const files = (paths: Pick<PullGiven, "metrics-file" | "log-file">) =>
  new PullFiles(paths as PullGiven, terminal);

test("tally and log of a ramp go to the files that were named, below folders that are made", (t) => {
  const folder = mkdtempSync(join(tmpdir(), "drayage-pull-files-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const [tally, log] = [join(folder, "a/tally"), join(folder, "b/log")];
  const written = files({ "metrics-file": tally, "log-file": log });
  written.metric("1\t2\n");
  written.lines.add(Date.now(), "began");
  written.close();
  assert.equal(written.failure, undefined);
  assert.equal(readFileSync(tally, "utf8"), "1\t2\n");
  assert.match(readFileSync(log, "utf8"), /\tbegan\n$/);
});

test("a disk that is full costs the ramp neither tally nor summary, and is told at the end", (t) => {
  if (!existsSync(FULL)) {
    t.skip(`needs ${FULL}`);
    return;
  }
  for (const flag of ["metrics-file", "log-file"] as const) {
    const other = flag === "log-file" ? "metrics-file" : "log-file";
    const written = files({ [flag]: FULL, [other]: "/dev/null" } as Pick<PullGiven, typeof flag>);
    written.metric("1\t2\n");
    written.lines.add(Date.now(), "began");
    written.close();
    const { failure } = written;
    assert.ok(failure instanceof DrayageError);
    assert.equal(failure.code, "storage");
    assert.match(failure.message, /^cannot write \/dev\/full: /);
  }
});

test("a ramp whose results cannot be written tells its summary, then what the disk said", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "drayage-pull-files-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const registry = await startEmbeddedRegistryThread({ generate: "repos=1" });
  t.after(() => registry.close());
  const results = join(folder, "results");
  const address = [`--pullthrough-url=${registry.url}`, `--registry-url=${registry.url}`];
  const course = ["--patterns=*", "--namespace-form=none", "--iteration-seconds=0.3", "--ui=none"];
  const outputs = [`--results=${results}`, `--metrics-file=${folder}/m`, `--log-file=${folder}/l`];
  const ended = drayage(["pull", ...address, ...course, ...outputs], { verbs });
  while (!existsSync(join(results, "tally.tsv"))) await new Promise(setImmediate);
  // In the place of a file: no disk could put it there.
  mkdirSync(join(results, "steps.tsv"));
  const { exit, out, err } = await ended;
  assert.equal(exit, 1);
  assert.match(out, /^pull: [\d,]+ pulls, 0 failed in /m);
  assert.match(err, /^cannot write .*steps\.tsv/m);
});
