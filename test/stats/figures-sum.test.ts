import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Failure } from "../../src/core/failure.ts";
import { nanos } from "../../src/core/units.ts";
import { mergeFigures } from "../../src/stats/figures.ts";
import { FiguresSum } from "../../src/stats/figures-sum.ts";
import { HIGHEST_NS } from "../../src/stats/histogram.ts";
import { allocateTally } from "../../src/stats/tally-layout.ts";
import { TallyReader } from "../../src/stats/tally-reader.ts";
import { distributionOf, type Sample, whole, writerOf } from "./samples.ts";

const time = fc.integer({ min: 0, max: HIGHEST_NS });
const sample: fc.Arbitrary<Sample> = fc.record(
  {
    operationClass: fc.integer({ min: 0, max: 9 }),
    sent: fc.constant(0),
    done: time,
    due: fc.constant(0),
    firstByte: fc.constant(0),
    connected: fc.integer({ min: 0, max: 1e6 }),
    bytesIn: fc.integer({ min: 0, max: 1e9 }),
    failure: fc.constantFrom(Failure.none, Failure.none, Failure.reset, Failure.http),
    status: fc.constantFrom(200, 404, 503),
  },
  { requiredKeys: ["operationClass", "sent", "done", "failure", "status"] },
);

test("sum of intervals: any requests, cut into intervals anywhere, add up to the totals of the tally, whichever way they are added", () => {
  fc.assert(
    fc.property(fc.array(fc.array(sample, { maxLength: 8 }), { maxLength: 6 }), (intervals) => {
      const memory = allocateTally();
      const tally = writerOf(memory);
      const reader = new TallyReader([memory]);
      const sum = new FiguresSum();
      const snapshots = intervals.map((requests, second) => {
        for (const request of requests) whole(tally, request);
        const snapshot = reader.takeInterval(nanos(second * 1e9), nanos((second + 1) * 1e9));
        sum.add(snapshot);
        return snapshot;
      });
      const { inFlight: _, waiting: __, health: ___, ...totals } = reader.totals();
      assert.deepEqual(sum.figures(), totals);
      assert.deepEqual(mergeFigures(snapshots), totals);
    }),
    { numRuns: 40 },
  );
});

test("sum of intervals: nodes are added by their number, in its order", () => {
  const sum = new FiguresSum();
  const part = (node: number, done: number, failed: number, times: readonly number[]) => ({
    node,
    done,
    failed,
    bytes: 10 * done,
    response: distributionOf([]),
    service: distributionOf(times),
  });
  sum.addNodes([part(2, 1, 0, [5e6])]);
  sum.addNodes([part(0, 2, 1, [1e6, 2e6]), part(2, 1, 3, [7e6])]);
  assert.deepEqual(
    sum
      .nodes()
      .map(({ node, done, failed, bytes, service }) => [
        ...[node, done, failed, bytes],
        service.total,
        service.sum,
      ]),
    [
      [0, 2, 1, 20, 2, 3e6],
      [2, 2, 3, 20, 2, 12e6],
    ],
  );
});
