// Figures of several nodes, merged by their master, against those of one process that records the same samples.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { FiguresMerge } from "../../src/cluster/master/figures-merge.ts";
import { UntoldRows } from "../../src/cluster/master/untold-rows.ts";
import { ToldFigures } from "../../src/cluster/node/told-figures.ts";
import { OutcomeTally } from "../../src/cluster/outcome-tally.ts";
import {
  decodeDistribution,
  decodeSnapshot,
  encodeDistribution,
  encodeSnapshot,
} from "../../src/cluster/protocol/snapshot-wire.ts";
import { Failure } from "../../src/core/failure.ts";
import { Kind, Op, operationClasses, operationClassOf } from "../../src/core/operation.ts";
import { nanos } from "../../src/core/units.ts";
import { HIGHEST_NS } from "../../src/stats/histogram.ts";
import { LateCause, STAMP_WORDS, Stamp, TallyWriter } from "../../src/stats/tally.ts";
import { allocateTally } from "../../src/stats/tally-layout.ts";
import { TallyReader } from "../../src/stats/tally-reader.ts";
import { OneOutcome, type Outcome, outcomeRecords } from "./outcome-records.ts";

const SECOND = 1e9;

type Sample = {
  readonly node: number;
  readonly operation: number;
  readonly due: number;
  readonly late: number;
  readonly took: number;
  readonly failed: boolean;
  readonly bytes: number;
};

const samples = fc.array(
  fc.record({
    node: fc.nat(2),
    operation: fc.nat(operationClasses.length - 1),
    due: fc.integer({ min: 0, max: 4 * SECOND }),
    late: fc.oneof(fc.integer({ min: 0, max: 1e6 }), fc.integer({ min: 0, max: 5e8 })),
    took: fc.oneof(
      fc.integer({ min: 0, max: 1e9 }),
      fc.double({ min: 0, max: HIGHEST_NS, noNaN: true }),
    ),
    failed: fc.boolean(),
    bytes: fc.nat(1e9),
  }),
  { maxLength: 200 },
);

const thresholds = { onTime: nanos(1e7), tooLate: nanos(1e8) };
const writerOf = (memory: SharedArrayBuffer): TallyWriter => new TallyWriter(memory, thresholds);

function record(writer: TallyWriter, { operation, due, late, took, failed, bytes }: Sample): void {
  const stamps = new Float64Array(STAMP_WORDS);
  stamps[Stamp.due] = due;
  stamps[Stamp.sent] = due + late;
  stamps[Stamp.firstByte] = due + late + took / 2;
  stamps[Stamp.done] = due + late + took;
  stamps[Stamp.bytesIn] = bytes;
  writer.started(stamps, 0, operation, LateCause.generator);
  writer.record(stamps, 0, operation, failed ? Failure.http : Failure.none, failed ? 503 : 200);
}

test("merged histograms and counts are those of one process, bucket by bucket, whatever the order of delivery", () => {
  fc.assert(
    fc.property(samples, fc.nat(), (recorded, shuffle) => {
      const whole = allocateTally();
      const alone = writerOf(whole);
      const nodes = [0, 1, 2].map(() => {
        const memory = allocateTally();
        return { writer: writerOf(memory), reader: new TallyReader([memory]) };
      });
      const merge = new FiguresMerge(nodes.length);
      const second = (sample: Sample): number => Math.floor(sample.due / SECOND);
      for (let now = 0; now < 5; now++) {
        for (const sample of recorded.filter((each) => second(each) === now)) {
          record(alone, sample);
          record((nodes[sample.node] as (typeof nodes)[number]).writer, sample);
        }
        // Nodes tell their second in any order.
        nodes.forEach((_, turn) => {
          const index = (turn + shuffle) % nodes.length;
          const { reader } = nodes[index] as (typeof nodes)[number];
          const told = reader.takeInterval(nanos(now * SECOND), nanos((now + 1) * SECOND));
          merge.add(index, decodeSnapshot(encodeSnapshot(told)));
        });
      }
      nodes.forEach((_, index) => {
        merge.end(index);
      });
      const { health: _, inFlight: __, ...merged } = new TallyReader(merge.tallies).totals();
      const { health: ___, inFlight: ____, ...expected } = new TallyReader([whole]).totals();
      assert.deepEqual(withoutSums(merged), withoutSums(expected));
      const sums = sumsOf(expected);
      sumsOf(merged).forEach((sum, i) => {
        const exact = sums[i] as number;
        assert.ok(Math.abs(sum - exact) <= 1e-9 * Math.max(1, exact));
      });
    }),
    { numRuns: 25 },
  );
});

/** Everything but the sums of times, whose last digits depend on the order of adding. */
const withoutSums = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value, (name, inner: unknown) => (name === "sum" ? undefined : inner)));

function sumsOf(value: unknown): number[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) =>
    name === "sum" ? [inner as number] : sumsOf(inner),
  );
}

test("a second is merged when the slowest node has told it, and at once when that one is gone", () => {
  const merge = new FiguresMerge(2);
  const clock = merge.clockFrom(1000);
  const empty = (second: number) =>
    new TallyReader([allocateTally()]).takeInterval(
      nanos((second - 1) * SECOND),
      nanos(second * SECOND),
    );
  merge.add(0, empty(1));
  merge.add(0, empty(2));
  assert.equal(clock.now(), 1000);
  merge.add(1, empty(1));
  assert.equal(clock.now(), 1000 + SECOND);
  // Of whoever is gone nothing is under way, also when its last second is merged later.
  merge.add(0, { ...empty(3), inFlight: 7 });
  merge.end(0);
  merge.end(1);
  assert.equal(clock.now(), 1000 + 3 * SECOND);
  assert.equal(new TallyReader(merge.tallies).totals().inFlight, 0);
});

test("distributions survive the wire, and anything else is refused", () => {
  const values = fc.uniqueArray(fc.nat(33_000), { maxLength: 300 });
  fc.assert(
    fc.property(
      values,
      fc.nat(2 ** 31),
      // Times add up to no negative zero.
      fc.double({ noNaN: true, noDefaultInfinity: true }).map((sum) => sum + 0),
      (some, n, sum) => {
        const indices = some.toSorted((a, b) => a - b);
        const counts = indices.map((index) => (index % 7) * n + 1);
        const total = counts.reduce((all, one) => all + one, 0);
        const distribution = { indices, counts, total, sum };
        assert.deepEqual(decodeDistribution(encodeDistribution(distribution)), distribution);
      },
    ),
  );
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 60 }), (noise) => {
      try {
        const { indices, counts } = decodeDistribution(noise);
        assert.equal(indices.length, counts.length);
      } catch (error) {
        assert.equal((error as { code?: string }).code, "protocol");
      }
    }),
  );
});

test("a node is lost at any moment: its figures are those of the rows that came, bucket by bucket", () => {
  fc.assert(
    fc.property(samples, fc.array(fc.nat(200)), (recorded, cuts) => {
      const gets = recorded
        .map((each) => ({ ...each, operation: operationClassOf(Op.GET, Kind.blob) }))
        .toSorted((a, b) => a.due + a.late - b.due - b.late);
      const expected = allocateTally();
      const alone = writerOf(expected);
      const threads = allocateTally();
      const thread = writerOf(threads);
      const told = new OutcomeTally(thresholds);
      const node = new ToldFigures([threads], told.memory);
      const untold = new UntoldRows();
      const merge = new FiguresMerge(1);
      let end = 0;
      let rows = 0;
      const row = new OneOutcome();
      for (const cut of cuts.toSorted((a, b) => a - b)) {
        const now = gets.slice(rows, cut);
        for (const sample of now) {
          record(alone, sample);
          // Threads are ahead of what has been drained out of their rings, by any number of operations.
          record(thread, sample);
          told.add(row.of(sample), 0, true);
        }
        rows += now.length;
        untold.add(outcomeRecords(now));
        // All that was sent by now is in the figures of the threads.
        const sent = now.at(-1);
        const later = Math.max(end, sent === undefined ? 0 : sent.due + sent.late + 0.5);
        const snapshot = node.takeInterval(nanos(end), nanos(later));
        end = later;
        merge.add(0, decodeSnapshot(encodeSnapshot(snapshot)));
        untold.told(snapshot);
      }
      const last = gets.slice(rows).filter(({ due, late }) => due + late >= end);
      for (const sample of last) record(alone, sample);
      untold.add(outcomeRecords(last));
      const madeUp = untold.figures(thresholds);
      if (madeUp !== undefined) merge.add(0, madeUp);
      merge.end(0);
      const { health: _, inFlight: __, ...merged } = new TallyReader(merge.tallies).totals();
      const { health: ___, inFlight: ____, ...exact } = new TallyReader([expected]).totals();
      assert.deepEqual(withoutSums(merged), withoutSums(exact));
    }),
    { numRuns: 25 },
  );
});

test("what a thread had sent, and had not counted when figures were told, is counted with its row", () => {
  const threads = allocateTally();
  const stamps = new Float64Array(STAMP_WORDS).fill(Number.NaN);
  const [counted, held] = [1e8, 1.5e8].map((due) => {
    return { due, late: 1e5, took: 5e8, failed: false, bytes: 600 };
  }) as [Outcome, Outcome];
  stamps[Stamp.due] = counted.due;
  stamps[Stamp.sent] = counted.due + counted.late;
  const operation = operationClassOf(Op.GET, Kind.blob);
  writerOf(threads).started(stamps, 0, operation, LateCause.generator);
  const told = new ToldFigures([threads], new OutcomeTally(thresholds).memory);
  const untold = new UntoldRows();
  const figures = told.takeInterval(nanos(0), nanos(2e8));
  untold.told(figures);
  untold.add(outcomeRecords([held, counted]));
  const madeUp = untold.figures(thresholds);
  assert.deepEqual(
    [figures, madeUp].map((each) => [each?.lateness.total, each?.classes[0]?.started]),
    [
      [1, 1],
      [1, 1],
    ],
  );
});
