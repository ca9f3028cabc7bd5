import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { mergeDistributions } from "../../src/stats/distribution.ts";
import type { NodeFigures } from "../../src/stats/figures.ts";
import { HIGHEST_NS } from "../../src/stats/histogram.ts";
import { NodeTally } from "../../src/stats/node-tally.ts";
import { STAMP_WORDS, Stamp } from "../../src/stats/tally.ts";
import { distributionOf } from "./samples.ts";

type Ended = {
  readonly node: number;
  readonly failed: boolean;
  readonly done: number;
  readonly due: number;
};

function stampsOf({ done, due }: Ended): Float64Array {
  const stamps = new Float64Array(STAMP_WORDS);
  stamps[Stamp.due] = due;
  stamps[Stamp.sent] = 0;
  stamps[Stamp.done] = done;
  stamps[Stamp.bytesIn] = 100;
  stamps[Stamp.bytesOut] = 11;
  return stamps;
}

const ended: fc.Arbitrary<Ended> = fc.record({
  node: fc.integer({ min: 0, max: 5 }),
  failed: fc.boolean(),
  done: fc.integer({ min: 0, max: HIGHEST_NS }),
  due: fc.constantFrom(0, Number.NaN),
});

test("node tally: however it is taken in between, each node has what ended on it, failures without times", () => {
  fc.assert(
    fc.property(fc.array(fc.array(ended, { maxLength: 10 }), { maxLength: 5 }), (intervals) => {
      const tally = new NodeTally();
      const taken: NodeFigures[] = intervals.flatMap((requests) => {
        for (const one of requests) tally.add(one.node, one.failed, stampsOf(one));
        return tally.take();
      });
      for (let node = 0; node <= 5; node++) {
        const own = intervals.flat().filter((one) => one.node === node);
        const done = own.filter(({ failed }) => !failed);
        const parts = taken.filter((part) => part.node === node);
        const sum = (of: (part: NodeFigures) => number) =>
          parts.reduce((all, part) => all + of(part), 0);
        assert.equal(
          sum((part) => part.done),
          done.length,
        );
        assert.equal(
          sum((part) => part.failed),
          own.length - done.length,
        );
        assert.equal(
          sum((part) => part.bytes),
          111 * own.length,
        );
        const service = mergeDistributions(parts.map((part) => part.service));
        assert.deepEqual(
          service,
          mergeDistributions([distributionOf(done.map((one) => one.done))]),
        );
        const due = done.filter((one) => !Number.isNaN(one.due));
        assert.equal(
          sum(({ response }) => response.total),
          due.length,
        );
      }
    }),
    { numRuns: 50 },
  );
});

test("node tally: nodes beyond the 64th are counted as the 64th, and none is lost", () => {
  const tally = new NodeTally();
  for (const node of [0, 63, 64, 500])
    tally.add(node, false, stampsOf({ node, failed: false, done: 1e6, due: 0 }));
  assert.deepEqual(
    tally.take().map(({ node, done }) => [node, done]),
    [
      [0, 1],
      [63, 3],
    ],
  );
  assert.deepEqual(tally.take(), []);
});
