import assert from "node:assert/strict";
import { test } from "node:test";
import { LiveMeter } from "../../../src/report/live/live-meter.ts";
import { DistributionSum } from "../../../src/stats/distribution.ts";
import { mergeClasses } from "../../../src/stats/figures.ts";

const QUARTER = 250e6;

/** A quarter of a second in which so many requests took so long each. */
function quarter(
  index: number,
  classes: readonly { operation: string; done: number; ms: number }[],
) {
  return {
    start: index * QUARTER,
    end: (index + 1) * QUARTER,
    lateness: new DistributionSum().take(),
    classes: classes.map(({ operation, done, ms }) => {
      const sum = new DistributionSum();
      for (let i = 0; i < done; i++) sum.addValue(ms * 1e6);
      return {
        ...mergeClasses([]),
        operation,
        started: done,
        done,
        bytesIn: done,
        service: sum.take(),
      };
    }),
  };
}

test("live meter: rates are those of the last second, sums those since the start", () => {
  const meter = new LiveMeter("service");
  for (let i = 0; i < 8; i++)
    meter.add(quarter(i, [{ operation: "a", done: i < 4 ? 100 : 25, ms: 1 }]));
  const [row] = meter.rows();
  assert.equal(meter.ended, 500);
  assert.deepEqual([row?.done, row?.perSecond], [500, 100]);
  assert.deepEqual(meter.rates(), { sent: 100, done: 100, bytes: 100 });
});

test("live meter: a percentile that the samples cannot support is not told, the maximum is", () => {
  const meter = new LiveMeter("service");
  meter.add(quarter(0, [{ operation: "a", done: 100, ms: 2 }]));
  const [row] = meter.rows();
  assert.ok(row?.p50 && row.p90 && row.max);
  assert.deepEqual([row.p99, row.p999], [null, null]);
});

test("live meter: a mark of the course stands for a second, or for as many as it takes to have 1,000 values", () => {
  const meter = new LiveMeter("service");
  for (let i = 0; i < 16; i++)
    meter.add(
      quarter(i, [
        { operation: "often", done: 300, ms: 1 + i },
        { operation: "seldom", done: 100, ms: 1 },
      ]),
    );
  const courses = meter.rows().map(({ operation, course }) => [operation, course.length]);
  assert.deepEqual(courses, [
    ["all", 4],
    ["often", 4],
    ["seldom", 1],
  ]);
});

test("live meter: an operation that nothing happens to any more has no rate, and keeps its sums", () => {
  const meter = new LiveMeter("service");
  meter.add(quarter(0, [{ operation: "a", done: 100, ms: 1 }]));
  for (let i = 1; i < 6; i++) meter.add(quarter(i, []));
  const [row] = meter.rows();
  assert.deepEqual([row?.done, row?.perSecond], [100, 0]);
});
