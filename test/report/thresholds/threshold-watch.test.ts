import assert from "node:assert/strict";
import { test } from "node:test";
import { nanos } from "../../../src/core/units.ts";
import type { Threshold } from "../../../src/report/thresholds/threshold.ts";
import { ThresholdWatch } from "../../../src/report/thresholds/threshold-watch.ts";
import { supportedPercentile } from "../../../src/stats/distribution.ts";
import { mergeClasses } from "../../../src/stats/figures.ts";
import { sampleRun } from "../sample-run.ts";

// 200 requests a second for 20 s, and nothing is answered from second 9 to 12.
const { figures, snapshots } = sampleRun();
const { totals } = figures;
const run = { figures: totals, paced: true, seconds: 20, achieved: 0.98 };

const p99: Threshold["metric"] = {
  kind: "time",
  operation: null,
  measure: null,
  stat: { percent: 99 },
};
/** A window of a second has too few values for more. */
const p50: Threshold["metric"] = { ...p99, stat: { percent: 50 } };
const threshold = (part: Partial<Threshold>): Threshold => ({
  text: "as typed",
  metric: p99,
  operator: "<",
  limit: 1e9,
  window: null,
  ...part,
});

function watched(thresholds: readonly Threshold[], { slow = 1 } = {}) {
  const aborts: { at: number; text: string }[] = [];
  let at = 0;
  const watch = new ThresholdWatch(thresholds, {
    paced: true,
    onAbort: (text) => aborts.push({ at, text }),
  });
  for (const snapshot of snapshots) {
    at = (snapshot.end * slow) / 1e9;
    const [start, end] = [nanos(snapshot.start * slow), nanos(snapshot.end * slow)];
    watch.interval({ snapshot: { ...snapshot, start, end }, planned: 200 });
  }
  return { watch, aborts, results: watch.results(run) };
}

test("thresholds: a run that another master has ended for one is ended for it here, and is not ended again", () => {
  const aborts: string[] = [];
  const missed = threshold({
    metric: p50,
    limit: 0,
    window: { seconds: 1, forSeconds: 0, abort: true },
  });
  const watch = new ThresholdWatch([missed], { paced: true, onAbort: (text) => aborts.push(text) });
  watch.recall();
  assert.ok(watch.aborted);
  for (const snapshot of snapshots) watch.interval({ snapshot, planned: 200 });
  assert.deepEqual(aborts, []);
  assert.ok(watch.results(run).every(({ aborted }) => aborted));
});

test("thresholds: a percentile is that of all operations' merged histogram", () => {
  const [result] = watched([threshold({})]).results;
  const merged = mergeClasses(totals.classes).response;
  assert.equal(result?.actual, supportedPercentile(merged, 99));
  assert.equal(result?.passed, false);
});

test("thresholds: a percentile that the samples cannot support fails, and says what it needs", () => {
  const [result] = watched([
    threshold({ metric: { ...p99, stat: { percent: 99.99 } }, limit: 1e15 }),
  ]).results;
  assert.equal(result?.passed, false);
  assert.equal(result?.actual, null);
  assert.match(result?.note ?? "", /p99.99 needs 100000 values, there were \d+/);
});

test("thresholds: an operation that the run did not have fails with a reason", () => {
  const [result] = watched([
    threshold({ metric: { ...p99, operation: "push-blob" }, limit: 1e15 }),
  ]).results;
  assert.deepEqual([result?.passed, result?.note], [false, "push-blob has no response times"]);
});

test("thresholds: errors and rates are shares and rates of the whole run", () => {
  const results = watched([
    threshold({ metric: { kind: "errors", operation: null, of: "rate" }, limit: 0.5 }),
    threshold({ metric: { kind: "errors", operation: null, of: "count" }, limit: 1 }),
    threshold({ metric: { kind: "rate", of: "achieved" }, operator: ">=", limit: 0.99 }),
    threshold({ metric: { kind: "rate", of: "done" }, operator: ">", limit: 100 }),
  ]).results;
  const { done, failed } = mergeClasses(totals.classes);
  assert.deepEqual(
    results.map(({ actual }) => actual),
    [failed / (done + failed), failed, 0.98, done / 20],
  );
  assert.deepEqual(
    results.map(({ passed }) => passed),
    [true, false, false, true],
  );
});

test("thresholds: a window sees the stall when it is there, and the longer one later", () => {
  const { results, aborts, watch } = watched([
    threshold({ metric: p50, window: { seconds: 1, forSeconds: 0, abort: true } }),
    threshold({ metric: p50, window: { seconds: 2, forSeconds: 0, abort: true } }),
  ]);
  assert.equal(aborts.length, 1, "a run ends once");
  assert.ok(aborts[0] !== undefined && aborts[0].at >= 9 && aborts[0].at <= 14);
  assert.deepEqual(
    results.map(({ passed, aborted }) => [passed, aborted]),
    [
      [false, true],
      [false, false],
    ],
  );
  assert.equal(watch.aborted, true);
});

test("thresholds: a miss that is shorter than it may be passes, with its worst window as the value", () => {
  const [result] = watched([
    threshold({ metric: p50, window: { seconds: 1, forSeconds: 15, abort: true } }),
  ]).results;
  assert.equal(result?.passed, true);
  assert.ok((result?.actual ?? 0) > 1e9);
});

test("thresholds: intervals that a busy machine made longer than the window are windows, too", () => {
  const window = { seconds: 1, forSeconds: 0, abort: true };
  const late = watched([threshold({ metric: p50, limit: 1, window })], { slow: 4 });
  assert.deepEqual(
    late.aborts.map(({ at }) => at),
    [4],
  );
  assert.equal(late.results[0]?.aborted, true);
});

test("thresholds: a run shorter than the window fails and says so", () => {
  const [result] = watched([
    threshold({ metric: p50, window: { seconds: 60, forSeconds: 0, abort: false } }),
  ]).results;
  assert.deepEqual([result?.passed, result?.note], [false, "the run has no whole window of 60 s"]);
});

/** Seconds with 200 successes each, `pausedAt` with as many seconds of standstill in between. */
function pausedRun(of: Threshold, { pausedAt, seconds }: { pausedAt: number; seconds: number }) {
  const busy = snapshots[0] as (typeof snapshots)[number];
  const still = { ...busy, classes: [] };
  const aborts: string[] = [];
  const watch = new ThresholdWatch([of], { paced: true, onAbort: (text) => aborts.push(text) });
  for (let second = 0; second < pausedAt + seconds + 5; second++) {
    const isStill = second >= pausedAt && second < pausedAt + seconds;
    const [start, end] = [nanos(second * 1e9), nanos((second + 1) * 1e9)];
    const snapshot = { ...(isStill ? still : busy), start, end };
    watch.interval({ snapshot, planned: isStill ? 0 : 200, pausedNs: isStill ? 1e9 : 0 });
  }
  return { aborts, result: watch.results(run)[0] };
}

test("thresholds: a pause is no part of a window: no rate misses in it, and no miss grows long", () => {
  const window = { seconds: 4, forSeconds: 0, abort: true };
  const done = { kind: "rate", of: "done" } as const;
  const rate = threshold({ metric: done, operator: ">", limit: 150, window });
  const { aborts, result } = pausedRun(rate, { pausedAt: 6, seconds: 30 });
  assert.deepEqual([aborts, result?.passed], [[], true]);
  const tooFast = threshold({
    metric: p50,
    limit: 1,
    window: { seconds: 1, forSeconds: 20, abort: true },
  });
  assert.deepEqual(pausedRun(tooFast, { pausedAt: 6, seconds: 30 }).aborts, []);
  assert.deepEqual(pausedRun(tooFast, { pausedAt: 40, seconds: 1 }).aborts, ["as typed"]);
});
