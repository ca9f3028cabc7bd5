// A disk that is full: the run ends with it, and whatever else is to be closed is closed.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { IntervalRecording } from "../../../src/cli/replay/interval-recording.ts";
import { DrayageError } from "../../../src/core/errors.ts";
import { type Nanos, nanos } from "../../../src/core/units.ts";
import { RunDirectory } from "../../../src/report/run-directory.ts";
import { allocateTally } from "../../../src/stats/tally-layout.ts";

const refuse = (): never => {
  throw new DrayageError("storage", "the disk is full");
};

function directoryFor(t: TestContext): RunDirectory {
  const folder = mkdtempSync(join(tmpdir(), "drayage-recording-"));
  t.after(() => rmSync(folder, { recursive: true }));
  return new RunDirectory(folder);
}

test("recording: what a file refuses when it is closed is thrown at the end, and not on closing", (t) => {
  const recording = new IntervalRecording(directoryFor(t), () => {}, { log: { close: refuse } });
  recording.close();
  assert.throws(() => recording.finish(), /the disk is full/);
  recording.close();
});

test("recording: what a timer meets is thrown at the next look, not at the end of the run", (t) => {
  t.mock.timers.enable({ apis: ["setInterval"] });
  let now = 0;
  const recording = new IntervalRecording(directoryFor(t), refuse);
  t.after(() => recording.close());
  const clock = { now: (): Nanos => nanos(now) };
  recording.started({ wallUs: 0, origin: 0n, clock, at: 0 }, { tallies: [allocateTally()] });
  recording.look();
  now = 1e9;
  t.mock.timers.tick(1000);
  assert.throws(() => recording.look(), /the disk is full/);
});
