// Ramps added up second by second: whatever their seconds are, nothing is lost and time moves on.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { nanos } from "../../src/core/units.ts";
import { mergedSeconds, segmentsOf } from "../../src/pull/merged-seconds.ts";
import type { PullSecond } from "../../src/pull/second-reader.ts";
import { emptyDistribution } from "../../src/stats/distribution.ts";

const nothing = {
  ...{ classes: [], sizes: [], health: [], inFlight: 0, waiting: 0, existed: 0 },
  ...{ clippedHigh: 0, clippedLow: 0 },
  ...{ lateness: emptyDistribution, connect: emptyDistribution },
};

/** Of each step, the lengths of its intervals in ms; an interval of so many ms has as many retries. */
function rampOf(steps: readonly (readonly number[])[]): PullSecond[] {
  let at = 0;
  let passes = 0;
  return steps.flatMap((lengths, index) =>
    lengths.map((length): PullSecond => {
      const start = nanos(at * 1e6);
      at += length;
      passes += length;
      return {
        ...{ phase: "run", step: index + 1, level: index + 1, measured: true },
        ...{ meanActive: 1, cpuShare: 0.5, counts: { passes } },
        snapshot: { ...nothing, start, end: nanos(at * 1e6), retries: length, meanInFlight: 1 },
      };
    }),
  );
}

const ramp = fc.array(fc.array(fc.integer({ min: 1, max: 1500 }), { minLength: 1, maxLength: 5 }), {
  minLength: 3,
  maxLength: 3,
});

for (const placement of ["together", "in-turn"] as const) {
  test(`ramps ${placement}: of any seconds, every count and area is there once, and time moves on`, () => {
    fc.assert(
      fc.property(fc.array(ramp, { minLength: 1, maxLength: 3 }), (ramps) => {
        const stretches = ramps.map(rampOf);
        const total = ramps.flat(2).reduce((sum, length) => sum + length, 0);
        const merged = [...mergedSeconds(stretches.map(segmentsOf), placement)];
        let end = 0;
        let area = 0;
        for (const { snapshot, meanActive } of merged) {
          assert.equal(snapshot.start, end);
          assert.ok(snapshot.end > snapshot.start);
          end = snapshot.end;
          area += (meanActive * (snapshot.end - snapshot.start)) / 1e6;
        }
        assert.equal(
          merged.reduce((sum, { snapshot }) => sum + snapshot.retries, 0),
          total,
        );
        assert.ok(Math.abs(area - total) < 1e-6 * total);
        assert.equal(merged.at(-1)?.counts.passes, total);
        const lengthOf = (lengths: readonly number[]): number => lengths.reduce((a, b) => a + b, 0);
        for (const step of [1, 2, 3]) {
          const own = merged.filter((second) => second.step === step);
          const lengths = ramps.map((one) => lengthOf(one[step - 1] ?? []));
          const wanted = placement === "together" ? Math.max(...lengths) : lengthOf(lengths);
          const first = own[0]?.snapshot.start ?? 0;
          assert.ok(Math.abs(((own.at(-1)?.snapshot.end ?? 0) - first) / 1e6 - wanted) < 1e-3);
          assert.equal(own[0]?.level, placement === "together" ? step * ramps.length : step);
        }
      }),
      { numRuns: 60 },
    );
  });
}
