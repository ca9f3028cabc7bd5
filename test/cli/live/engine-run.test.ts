// What a run says of itself while it goes on.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { viewedRun } from "../../../src/cli/live/engine-run.ts";
import { millis, nanos } from "../../../src/core/units.ts";
import { allocateTimebase, Timebase } from "../../../src/pacing/timebase.ts";
import { TimebaseControl } from "../../../src/pacing/timebase-control.ts";
import { RunDirectory } from "../../../src/report/run-directory.ts";
import { allocateTally } from "../../../src/stats/tally-layout.ts";
import { TallyReader } from "../../../src/stats/tally-reader.ts";
import { sampleRun } from "../../report/sample-run.ts";
import { whole, writerOf } from "../../stats/samples.ts";

/** A run that began so many seconds ago, and was paused for some of them. */
function viewed(
  t: TestContext,
  { ago, pausedSeconds = 0 }: { ago: number; pausedSeconds?: number },
) {
  const path = mkdtempSync(join(tmpdir(), "drayage-viewed-"));
  t.after(() => rmSync(path, { recursive: true }));
  const memory = allocateTimebase();
  const control = new TimebaseControl(memory);
  if (pausedSeconds > 0) {
    control.control({ kind: "pause" }, nanos(1e9));
    control.control({ kind: "resume" }, nanos((1 + pausedSeconds) * 1e9));
  }
  const tally = allocateTally();
  const writer = writerOf(tally);
  for (let request = 0; request < 100; request++) whole(writer, { due: 0, sent: 0, done: 1e6 });
  const engine = {
    tallies: [tally],
    timebase: new Timebase(memory),
    control: () => ({ applied: false, reason: "" }) as const,
  };
  const run = viewedRun({
    verb: "load",
    directory: new RunDirectory(path),
    paced: true,
    limits: { lateness: millis(100), share: 0.01, onTime: millis(10) },
    placesKey: "--connections",
    engine: () => engine,
    interrupts: { press: () => {}, end: () => undefined },
    recording: { origin: { startedAtMs: Date.now() - ago * 1000 }, planned: 100 },
  });
  return { run, path, totals: new TallyReader([tally]).totals() };
}

test("a generator that lacks a processor says so while the run goes on, and not in its first moments", (t) => {
  for (const { ago, verdict } of [
    { ago: 10, verdict: "strained" },
    { ago: 1, verdict: "ok" },
  ]) {
    const { run, totals } = viewed(t, { ago });
    const [thread] = sampleRun({ seconds: 1 }).figures.totals.health;
    assert.ok(thread !== undefined);
    const starved = { ...totals, health: [{ ...thread, starvedShare: 0.5 }] };
    assert.equal(run.judge(starved).verdict, verdict);
  }
});

test("a snapshot's rates leave out the time that the run was paused", async (t) => {
  const { run, path } = viewed(t, { ago: 12, pausedSeconds: 10 });
  await run.steering.snapshot();
  const { seconds, pausedSeconds, totals } = JSON.parse(
    readFileSync(join(path, "results.json"), "utf8"),
  );
  assert.ok(seconds >= 12);
  assert.equal(pausedSeconds, 10);
  assert.ok(Math.abs(totals.perSecond - 100 / (seconds - 10)) < 1e-9);
});
