import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { nanos, type PerSecond, perSecond } from "../../src/core/units.ts";
import { constant } from "../../src/pacing/constant.ts";
import type { Pacer } from "../../src/pacing/pacer.ts";
import { poisson } from "../../src/pacing/poisson.ts";
import { ramp } from "../../src/pacing/ramp.ts";
import { steps } from "../../src/pacing/steps.ts";

const SECOND = 1e9;
const seconds = (value: number) => nanos(value * SECOND);
const rate = (value: number): PerSecond => perSecond(value);

for (const { name, pacer, index, due } of [
  {
    name: "constant: the first request is due at once",
    pacer: constant({ rate: rate(10), over: seconds(1) }),
    index: 0,
    due: 0,
  },
  {
    name: "constant: request n is due at n/rate",
    pacer: constant({ rate: rate(10), over: seconds(1) }),
    index: 7,
    due: 0.7,
  },
  {
    name: "constant: nothing is due when the time is over",
    pacer: constant({ rate: rate(10), over: seconds(1) }),
    index: 10,
    due: undefined,
  },
  {
    name: "ramp: a flat ramp keeps the rate",
    pacer: ramp({ from: rate(10), to: rate(10), over: seconds(10) }),
    index: 5,
    due: 0.5,
  },
  {
    name: "ramp: rising from zero, n comes at sqrt(2n/slope)",
    pacer: ramp({ from: rate(0), to: rate(20), over: seconds(10) }),
    index: 25,
    due: 5,
  },
  {
    name: "ramp: falling to zero, it slows down",
    pacer: ramp({ from: rate(20), to: rate(0), over: seconds(10) }),
    index: 75,
    due: 5,
  },
  {
    name: "ramp: it ends when the area is used up",
    pacer: ramp({ from: rate(0), to: rate(20), over: seconds(10) }),
    index: 100,
    due: undefined,
  },
  {
    name: "ramp: the area is a whole number where rounding makes it a little more",
    pacer: ramp({ from: rate(60), to: rate(80), over: seconds(0.1) }),
    index: 7,
    due: undefined,
  },
  {
    name: "steps: the second step starts when the first one's time is over",
    pacer: steps([
      { pacer: constant({ rate: rate(10), over: seconds(1) }), over: seconds(1) },
      { pacer: constant({ rate: rate(100), over: seconds(1) }), over: seconds(1) },
    ]),
    index: 15,
    due: 1.05,
  },
  {
    name: "steps: the last step ends the schedule",
    pacer: steps([
      { pacer: constant({ rate: rate(10), over: seconds(1) }), over: seconds(1) },
      { pacer: constant({ rate: rate(100), over: seconds(1) }), over: seconds(1) },
    ]),
    index: 110,
    due: undefined,
  },
] satisfies { name: string; pacer: Pacer; index: number; due: number | undefined }[]) {
  test(`pacer ${name}`, () => {
    const actual = pacer.dueAt(index);
    if (due === undefined) assert.equal(actual, undefined);
    else assert.ok(Math.abs((actual ?? Number.NaN) - due * SECOND) < 10, `${actual}`);
  });
}

const anyRate = fc.integer({ min: 1, max: 5000 }).map(rate);
const anyPacer: fc.Arbitrary<Pacer> = fc.oneof(
  anyRate.map((r) => constant({ rate: r, over: seconds(2) })),
  fc.tuple(anyRate, anyRate).map(([from, to]) => ramp({ from, to, over: seconds(2) })),
  fc.tuple(anyRate, fc.string()).map(([r, seed]) => poisson({ rate: r, over: seconds(2), seed })),
  fc.tuple(anyRate, anyRate).map(([a, b]) =>
    steps([
      { pacer: constant({ rate: a, over: seconds(1) }), over: seconds(1) },
      { pacer: ramp({ from: a, to: b, over: seconds(1) }), over: seconds(1) },
    ]),
  ),
);

test("pacers: due times never fall, stay within the phase, and end for good", () => {
  fc.assert(
    fc.property(anyPacer, (pacer) => {
      let last = 0;
      let index = 0;
      for (let due = pacer.dueAt(index); due !== undefined; due = pacer.dueAt(++index)) {
        assert.ok(
          due >= last && due < 2 * SECOND + 10,
          `${pacer.name} ${index}: ${due} after ${last}`,
        );
        last = due;
      }
      assert.equal(pacer.dueAt(index + 1), undefined);
    }),
    { numRuns: 60 },
  );
});

test("constant: rate times time are due, not one more and not one fewer", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 1e5 }), fc.integer({ min: 1, max: 864_000 }), (r, s) => {
      const tenths = constant({ rate: rate(r * 10), over: seconds(s / 10) });
      assert.notEqual(tenths.dueAt(r * s - 1), undefined);
      assert.equal(tenths.dueAt(r * s), undefined);
    }),
  );
});

test("pacers: the answer does not depend on what was asked before", () => {
  fc.assert(
    fc.property(
      anyPacer,
      fc.array(fc.integer({ min: 0, max: 300 }), { maxLength: 20 }),
      (pacer, asked) => {
        const inOrder = Array.from({ length: 301 }, (_, index) => pacer.dueAt(index));
        for (const index of asked) assert.equal(pacer.dueAt(index), inOrder[index]);
      },
    ),
    { numRuns: 60 },
  );
});

test("poisson: mean and spread of the gaps are those of an exponential distribution", () => {
  const pacer = poisson({ rate: rate(1000), over: seconds(1000), seed: "7" });
  const gaps: number[] = [];
  let last = 0;
  for (let index = 0; index < 200_000; index++) {
    const due = pacer.dueAt(index) ?? Number.NaN;
    gaps.push((due - last) / 1e6);
    last = due;
  }
  const mean = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length;
  const variance = gaps.reduce((sum, gap) => sum + (gap - mean) ** 2, 0) / gaps.length;
  // Standard error of the mean is 0.0022, of the deviation about 0.0045: five of them.
  assert.ok(Math.abs(mean - 1) < 0.012, `mean ${mean}`);
  assert.ok(Math.abs(Math.sqrt(variance) - 1) < 0.023, `deviation ${Math.sqrt(variance)}`);
});
