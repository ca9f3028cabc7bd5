import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { percentileTable } from "../../src/report/percentile-table.ts";
import { HIGHEST_NS } from "../../src/stats/histogram.ts";
import { toHdr } from "../stats/hdr-library.ts";
import { distributionOf } from "../stats/samples.ts";

const anyTime = fc.integer({ min: 0, max: HIGHEST_NS });
// Many of them, close together, and the halves of a microsecond, where rounding has to agree.
const closeTime = fc.integer({ min: 2000, max: 2400 }).map((halves) => halves * 500);
const samples = fc.oneof(
  fc.array(anyTime, { minLength: 1, maxLength: 200 }),
  fc.array(closeTime, { minLength: 1, maxLength: 600 }),
);

test("percentile table: it is the one that HdrHistogram prints, to the letter", () => {
  fc.assert(
    fc.property(
      samples,
      fc.constantFrom(1, 5, 20),
      fc.constantFrom(1, 1e6),
      (values, ticksPerHalf, unit) => {
        const distribution = distributionOf(values);
        assert.equal(
          percentileTable(distribution, { ticksPerHalf, unit }),
          toHdr(distribution).outputPercentileDistribution(ticksPerHalf, unit),
        );
      },
    ),
    { numRuns: 25 },
  );
});

test("percentile table: a value that was counted very often is as far from 100 % as it is from the next", () => {
  const often = distributionOf([1000, 2_000_000]);
  const distribution = { ...often, counts: [1e9, 1], total: 1e9 + 1 };
  assert.equal(
    percentileTable(distribution, { ticksPerHalf: 5, unit: 1e6 }),
    toHdr(distribution).outputPercentileDistribution(5, 1e6),
  );
});
