// A run that was paused: its average rates are those of the time in which it ran, at its end and from stored data.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { IntervalRecording } from "../../../src/cli/replay/interval-recording.ts";
import { type Nanos, nanos } from "../../../src/core/units.ts";
import { allocateTimebase, Timebase } from "../../../src/pacing/timebase.ts";
import { TimebaseControl } from "../../../src/pacing/timebase-control.ts";
import { runResults } from "../../../src/report/results.ts";
import { RunDirectory } from "../../../src/report/run-directory.ts";
import { loadStoredRun } from "../../../src/report/stored-run.ts";
import { allocateTally } from "../../../src/stats/tally-layout.ts";
import { whole, writerOf } from "../../stats/samples.ts";

const directory = mkdtempSync(join(tmpdir(), "drayage-paused-"));
after(() => rmSync(directory, { recursive: true }));

test("pauses: a run of ten seconds that stood still for four of them did its requests in six", async (t) => {
  t.mock.timers.enable({ apis: ["setInterval"] });
  const run = new RunDirectory(directory);
  await run.writeRun({
    ...{ tool: { name: "drayage", version: "0" }, verb: "load", arguments: [], plan: {}, seed: 0 },
    ...{ startedAt: "2026-11-22T07:01:33.250Z", endedAt: null, ending: null, traces: [] },
    clocks: { originWall: "2026-11-22T07:01:33.250Z", originMonotonicNs: "0" },
  });
  const controls = allocateTimebase();
  const control = new TimebaseControl(controls);
  control.control({ kind: "pause" }, nanos(3e9));
  control.control({ kind: "resume" }, nanos(7e9));
  const memory = allocateTally();
  const tally = writerOf(memory);
  let now = 0;
  const recording = new IntervalRecording(run, () => {});
  const clock = { now: (): Nanos => nanos(now) };
  recording.started(
    { wallUs: 0, origin: 0n, clock, at: 0 },
    { tallies: [memory], timebase: new Timebase(controls) },
  );
  for (let second = 1; second <= 10; second++) {
    now = second * 1e9;
    for (let i = 0; i < (second > 3 && second <= 7 ? 0 : 20); i++)
      whole(tally, { sent: now - 2e6, done: now - 1e6, bytesIn: 500 });
    t.mock.timers.tick(1000);
  }
  const { seconds, pausedSeconds } = recording.finish();
  assert.deepEqual([seconds, Number(pausedSeconds.toFixed(3))], [10, 4]);
  const results = runResults(loadStoredRun(directory).figures);
  assert.deepEqual(
    [results.totals.done, results.seconds, Number(results.pausedSeconds.toFixed(3))],
    [120, 10, 4],
  );
  assert.equal(results.totals.perSecond?.toFixed(3), "20.000");
  assert.equal(results.totals.bytesPerSecond?.toFixed(1), "10000.0");
});
