import assert from "node:assert/strict";
import { test } from "node:test";
import {
  FULL_SECONDS,
  QUICK_SECONDS,
  secondsOf,
  timePlan,
} from "../../../src/cli/calibrate/time-plan.ts";
import { supportsPercentile } from "../../../src/stats/distribution.ts";

for (const seconds of [QUICK_SECONDS, 12, 15.9, 16, FULL_SECONDS, 120, 600]) {
  test(`time plan: ${seconds} s are spent, and not more`, () => {
    const planned = secondsOf(timePlan(seconds));
    assert.ok(Math.abs(planned - seconds) < 1e-6, String(planned));
  });
}

test("time plan: less than there is time for stops at a fifth, and the rates stay in order", () => {
  const plan = timePlan(1);
  assert.ok(plan.rung > 0 && secondsOf(plan) > 1);
  assert.deepEqual(
    plan.rungs,
    plan.rungs.toSorted((a, b) => a - b),
  );
  assert.ok(plan.rungs.every((share) => share > 0 && share < 1));
});

for (const { name, seconds } of [
  { name: "--quick", seconds: QUICK_SECONDS },
  { name: "the usual time", seconds: FULL_SECONDS },
]) {
  test(`time plan: with ${name} the base rate has a p99`, () => {
    const { baseRate, base } = timePlan(seconds);
    assert.ok(supportsPercentile(Math.floor(baseRate * base), 99));
  });
}

test("time plan: only a calibration that has the time runs the trusted rate once more", () => {
  assert.equal(timePlan(QUICK_SECONDS).confirm, null);
  // Shorter runs are not judged by their rate.
  assert.ok((timePlan(FULL_SECONDS).confirm ?? 0) >= 1);
});
