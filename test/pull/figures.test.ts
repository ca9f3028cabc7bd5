// What the figures of steps and herds say about themselves.
import assert from "node:assert/strict";
import { test } from "node:test";
import { herdFigures } from "../../src/pull/herd-run.ts";
import type { ClassInterval, PullInterval } from "../../src/pull/pull-interval.ts";
import { type StepRecord, stepFigures } from "../../src/pull/step-record.ts";
import { comparison } from "../../src/pull/tables.ts";
import { type Distribution, emptyDistribution } from "../../src/stats/distribution.ts";
import { indexOf } from "../../src/stats/histogram.ts";

const times = (count: number, ms: number): Distribution => ({
  indices: [indexOf(ms * 1e6)],
  counts: [count],
  total: count,
  sum: count * ms * 1e6,
});

const classOf = (name: ClassInterval["name"], count: number, ms: number): ClassInterval => ({
  name,
  done: count,
  failed: 0,
  bytes: count * 1024,
  total: times(count, ms),
  ttfb: times(count, ms / 2),
  failedTotal: emptyDistribution,
});

const intervalOf = (pulls: number, ms: number): PullInterval => ({
  classes: [classOf("manifest-tag", pulls, ms / 2), classOf("pull-repeat", pulls, ms)],
  wait: emptyDistribution,
  retries: 0,
});

const step = (more: Partial<StepRecord> = {}): StepRecord => ({
  phase: "run",
  step: 1,
  level: 1,
  from: 0,
  seconds: 10,
  interval: intervalOf(1000, 10),
  meanInProgress: 1,
  meanActive: 1,
  cpuShare: 0.2,
  loopDelayP99Ms: 1,
  ...more,
});

for (const { name, record, flags } of [
  { name: "as many pulls in progress as the law says", record: step(), flags: "" },
  { name: "a tenth more", record: step({ meanInProgress: 1.1 }), flags: "LC" },
  {
    name: "a tenth more, but too few pulls to tell",
    record: step({ interval: intervalOf(90, 111), meanInProgress: 1.5 }),
    flags: "",
  },
  { name: "a late event loop", record: step({ loopDelayP99Ms: 21 }), flags: "C" },
  {
    name: "threads that take nearly all of their cores",
    record: step({ cpuShare: 0.9 }),
    flags: "C",
  },
]) {
  test(`${name}: flag "${flags}"`, () => assert.equal(stepFigures([record])[0]?.flags, flags));
}

test("rates, the law and the speed-up against the first step of one puller", () => {
  const [one, two] = stepFigures([
    step(),
    step({
      step: 2,
      level: 2,
      interval: intervalOf(1500, 13),
      meanInProgress: 1.95,
      meanActive: 2,
    }),
  ]);
  assert.equal(one?.pullsPerSecond, 100);
  assert.equal(one?.requestsPerSecond, 100);
  assert.ok(Math.abs((one?.inProgressByLaw ?? 0) - 1) < 0.01);
  assert.equal(two?.speedUp, 1.5);
  assert.ok(Math.abs((two?.outsidePulls ?? 0) - 0.05) < 1e-9);
});

test("percentiles need ten pulls beyond them", () => {
  const [figures] = stepFigures([step({ interval: intervalOf(999, 10) })]);
  assert.notEqual(figures?.pullP50, null);
  assert.equal(figures?.pullP99, null);
});

test("cold against warm is a ratio where both are known", () => {
  const rows = comparison(
    { name: "cold", interval: intervalOf(1000, 20), seconds: 20 },
    { name: "warm", interval: intervalOf(4000, 10), seconds: 20 },
  );
  const row = (measure: string) => rows.find((line) => line.measure === measure);
  assert.equal(row("pulls/s")?.ratio, 0.25);
  assert.ok(Math.abs((row("pull total p50 ms")?.ratio ?? 0) - 2) < 0.01);
  assert.equal(row("layer total p50 ms")?.ratio, null);
});

test("a herd has its leader, the rest, and the skew of its release; failures are in no time", () => {
  const client = (sent: number, done: number, failed = "") => ({
    sentAt: sent * 1e6,
    doneAt: done * 1e6,
    failed,
  });
  const figures = herdFigures(
    [client(100, 150), client(101, 110), client(103, 140), client(102, 500, "timeout")],
    { herd: 1, image: "a:v1", at: 100e6, upstream: null },
  );
  assert.deepEqual(
    [figures.clients, figures.failed, figures.skewMs, figures.leaderMs, figures.lastMs],
    [4, 1, 3, 10, 50],
  );
  assert.deepEqual([figures.restP50Ms, figures.restP99Ms], [40, 50]);
});
