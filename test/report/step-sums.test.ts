import assert from "node:assert/strict";
import { test } from "node:test";
import { nanos } from "../../src/core/units.ts";
import { StepSums } from "../../src/report/step-sums.ts";
import { allocateTally } from "../../src/stats/tally-layout.ts";
import { TallyReader } from "../../src/stats/tally-reader.ts";
import { whole, writerOf } from "../stats/samples.ts";

const steps = [
  { name: "1/s", seconds: 2 },
  { name: "5/s", seconds: 3 },
];

/** Seconds of a run, each with so many requests; `paused` stand still. */
function sumsOf(seconds: readonly { readonly done: number; readonly paused?: boolean }[]) {
  const memory = allocateTally();
  const tally = writerOf(memory);
  const reader = new TallyReader([memory]);
  const sums = new StepSums(steps);
  seconds.forEach(({ done, paused = false }, second) => {
    for (let i = 0; i < done; i++) whole(tally, { sent: 0, done: 1e6 * (second + 1) });
    const snapshot = reader.takeInterval(nanos(second * 1.001e9), nanos((second + 1) * 1.001e9));
    sums.add({ snapshot, planned: paused ? 0 : done, pausedNs: paused ? 1.001e9 : 0 });
  });
  return sums.figures();
}

const told = (figures: ReturnType<typeof sumsOf>) =>
  figures.map(({ name, seconds, planned, done, service }) => ({
    name,
    seconds: Math.round(seconds),
    planned,
    done,
    timed: service.total,
  }));

test("steps: each second counts for the step in which its middle lies, and late ones for the last", () => {
  assert.deepEqual(told(sumsOf([1, 1, 5, 5, 5, 2].map((done) => ({ done })))), [
    { name: "1/s", seconds: 2, planned: 2, done: 2, timed: 2 },
    { name: "5/s", seconds: 4, planned: 17, done: 17, timed: 17 },
  ]);
});

test("steps: a pause moves the borders behind it, and is no part of a step", () => {
  const pause = { done: 0, paused: true };
  assert.deepEqual(told(sumsOf([{ done: 1 }, pause, pause, pause, { done: 1 }, { done: 5 }])), [
    { name: "1/s", seconds: 2, planned: 2, done: 2, timed: 2 },
    { name: "5/s", seconds: 1, planned: 5, done: 5, timed: 5 },
  ]);
});

test("steps: a run that ended early has those that it came to; one without a schedule has none", () => {
  assert.deepEqual(
    told(sumsOf([{ done: 3 }])).map(({ name }) => name),
    ["1/s"],
  );
  const none = new StepSums([]);
  assert.deepEqual(none.figures(), []);
});
