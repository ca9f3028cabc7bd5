// A kill leaves times without counts: reports say how many.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { loadStoredPull } from "../../src/cli/pull/stored-pull.ts";
import { loadStoredRun, storedRecord } from "../../src/report/stored-run.ts";
import { drawRamp } from "../cli/compare/stored-ramp.ts";
import { drawRun } from "./drawn-run.ts";

const folder = mkdtempSync(join(tmpdir(), "uncounted-"));
after(() => rmSync(folder, { recursive: true }));

const NAME = "timed, but not counted when it was killed";

/** Takes three successes away, as a kill does that comes between both: of the first second, which has many. */
function forget(directory: string): void {
  const path = join(directory, "counts.ndjson");
  const lines = readFileSync(path, "utf8").trimEnd().split("\n");
  const second = JSON.parse(lines.shift() ?? "") as { classes: { done: number }[] };
  const [part] = second.classes;
  assert.ok(part !== undefined && part.done > 3);
  part.done -= 3;
  writeFileSync(path, `${[JSON.stringify(second), ...lines].join("\n")}\n`);
}

for (const { name, draw, counts } of [
  { name: "run", draw: drawRun, counts: (path: string) => loadStoredRun(path).figures.besides },
  {
    name: "ramp",
    draw: (path: string) => drawRamp(path, { seed: "0", secondsPerStep: 2 }),
    counts: (path: string) => loadStoredPull(path, storedRecord(path)).figures.counts,
  },
]) {
  test(`report: operations of a killed ${name} that were timed and not counted are told, and none where there are none`, async () => {
    const directory = await draw(join(folder, name));
    assert.equal(counts(directory)[NAME], undefined);
    forget(directory);
    assert.equal(counts(directory)[NAME], 3);
  });
}
