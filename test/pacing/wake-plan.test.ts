import assert from "node:assert/strict";
import { test } from "node:test";
import { nanos } from "../../src/core/units.ts";
import { choosePacing, wakePlan } from "../../src/pacing/wake-plan.ts";

const MS = 1e6;

for (const { name, mode, ahead, plan } of [
  {
    name: "precise looks again at once when the due time is near",
    mode: "precise",
    ahead: 2 * MS,
    plan: { kind: "again" },
  },
  {
    name: "precise wakes before the due time when it is far",
    mode: "precise",
    ahead: 50 * MS,
    plan: { kind: "timer", ms: 48 },
  },
  {
    name: "precise looks again when the due time has passed",
    mode: "precise",
    ahead: -5 * MS,
    plan: { kind: "again" },
  },
  {
    name: "balanced has itself rung at the due time",
    mode: "balanced",
    ahead: 50 * MS,
    plan: { kind: "alarm" },
  },
  {
    name: "balanced goes on at once when the due time has passed",
    mode: "balanced",
    ahead: -1,
    plan: { kind: "again" },
  },
  {
    name: "economical leaves the wait to the timer",
    mode: "economical",
    ahead: 50 * MS,
    plan: { kind: "timer", ms: 50 },
  },
  {
    name: "economical never asks for less than a millisecond",
    mode: "economical",
    ahead: 0.2 * MS,
    plan: { kind: "timer", ms: 1 },
  },
  {
    name: "no timer is longer than a second",
    mode: "economical",
    ahead: 3600e3 * MS,
    plan: { kind: "timer", ms: 1000 },
  },
] as const) {
  test(`wake plan: ${name}`, () => {
    const now = nanos(123 * MS);
    assert.deepEqual(wakePlan(mode, now, nanos(now + ahead)), plan);
  });
}

for (const { name, cores, workers, rate, mode } of [
  { name: "two cores leave none to spin on", cores: 2, workers: 1, rate: null, mode: "balanced" },
  { name: "three cores let one worker spin", cores: 3, workers: 1, rate: 1000, mode: "precise" },
  {
    name: "eight workers on eight cores must not spin",
    cores: 8,
    workers: 8,
    rate: 100,
    mode: "balanced",
  },
  {
    name: "a high rate fills every tick of a timer",
    cores: 2,
    workers: 1,
    rate: 30_000,
    mode: "economical",
  },
] as const) {
  test(`pacing mode: ${name}`, () =>
    assert.equal(choosePacing({ cores, workerThreads: workers, rate }), mode));
}
