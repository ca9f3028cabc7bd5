// Runs added up: whatever they are, nothing is lost, and the percentiles are those of all their values.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { nanos } from "../../src/core/units.ts";
import type { PlannedInterval } from "../../src/report/counts-file.ts";
import { mergedIntervals } from "../../src/report/merge/merged-intervals.ts";
import { mergedSteps, type SteppedRun } from "../../src/report/merge/merged-steps.ts";
import { placeRuns, type RunSpan } from "../../src/report/merge/placement.ts";
import { maximumOf, valueAtPercentile } from "../../src/stats/distribution.ts";
import type { NodeFigures } from "../../src/stats/figures.ts";
import { FiguresSum } from "../../src/stats/figures-sum.ts";
import { HIGHEST_NS, highestAt, indexOf } from "../../src/stats/histogram.ts";
import { allocateTally } from "../../src/stats/tally-layout.ts";
import { TallyReader } from "../../src/stats/tally-reader.ts";
import { whole, writerOf } from "../stats/samples.ts";

const SECOND = 1e9;

/** Seconds of a run, each with the service times that ended in it; every timer is late by so much. */
function intervalsOf(seconds: readonly (readonly number[])[], lateNs = 0): PlannedInterval[] {
  const memory = allocateTally();
  const tally = writerOf(memory);
  const reader = new TallyReader([memory]);
  return seconds.map((times, second) => {
    for (const time of times) whole(tally, { due: 0, sent: 0, done: time });
    const start = nanos(second * (SECOND + lateNs));
    const end = nanos((second + 1) * (SECOND + lateNs));
    return { snapshot: reader.takeInterval(start, end), planned: times.length, pausedNs: 0 };
  });
}

const time = fc.integer({ min: 0, max: HIGHEST_NS });
const someRuns = fc.array(
  fc.record({
    startSecond: fc.double({ min: 0, max: 20, noNaN: true }),
    lateNs: fc.integer({ min: 0, max: 5e6 }),
    seconds: fc.array(fc.array(time, { maxLength: 6 }), { minLength: 1, maxLength: 8 }),
  }),
  { minLength: 1, maxLength: 4 },
);

test("merge: of any runs, together or in turn, every value and count is there once, and time moves on", () => {
  fc.assert(
    fc.property(someRuns, fc.constantFrom("auto", "together", "in-turn"), (runs, placement) => {
      const spans = runs.map(({ startSecond, seconds }) => ({
        startMs: 1000 * startSecond,
        endMs: 1000 * (startSecond + seconds.length),
      }));
      const groups = placeRuns(spans, placement);
      const added = runs.map(({ seconds, lateNs }, run) => ({
        intervals: intervalsOf(seconds, lateNs),
        firstNode: run,
      }));
      const sum = new FiguresSum();
      let planned = 0;
      let end = 0;
      for (const interval of mergedIntervals(groups, added)) {
        assert.ok(
          interval.snapshot.start >= end && interval.snapshot.end > interval.snapshot.start,
        );
        end = interval.snapshot.end;
        planned += interval.planned ?? 0;
        sum.add(interval.snapshot);
      }
      const values = runs.flatMap(({ seconds }) => seconds.flat()).sort((a, b) => a - b);
      assert.equal(planned, values.length);
      const [part] = sum.figures().classes;
      assert.equal(part?.done ?? 0, values.length);
      const nodes = sum.nodes();
      assert.equal(
        nodes.reduce((total: number, { done }: NodeFigures) => total + done, 0),
        values.length,
      );
      if (part === undefined) return;
      // A percentile of the sum is the value of that rank among all of them, to its bucket.
      for (const percent of [0, 50, 90, 99, 100]) {
        const rank = Math.max(1, Math.ceil((percent / 100) * values.length));
        const exact = values[rank - 1] as number;
        assert.equal(valueAtPercentile(part.service, percent), highestAt(indexOf(exact)));
        assert.ok(valueAtPercentile(part.service, percent) <= maximumOf(part.service));
      }
    }),
    { numRuns: 60 },
  );
});

const span = (start: number, seconds: number): RunSpan => ({
  startMs: start * 1000,
  endMs: (start + seconds) * 1000,
});

for (const { name, spans, placement = "auto", groups } of [
  {
    name: "runs of the same minutes are one group",
    spans: [span(0, 60), span(3, 60)],
    groups: [[0, 1]],
  },
  {
    name: "runs that follow each other are two",
    spans: [span(0, 60), span(70, 60)],
    groups: [[0], [1]],
  },
  {
    name: "they stand as they were started",
    spans: [span(70, 60), span(0, 60)],
    groups: [[1], [0]],
  },
  {
    name: "clocks that are half a second apart make no overlap",
    spans: [span(0, 60), span(59.5, 60)],
    groups: [[0], [1]],
  },
  {
    name: "two pairs of machines, one pair after the other",
    spans: [span(0, 60), span(100, 60), span(1, 60), span(101, 60)],
    groups: [
      [0, 2],
      [1, 3],
    ],
  },
  {
    name: "taken together, although their clocks say otherwise",
    spans: [span(0, 60), span(3600, 60)],
    placement: "together" as const,
    groups: [[0, 1]],
  },
  {
    name: "set in turn as given, although they overlap",
    spans: [span(5, 60), span(0, 60)],
    placement: "in-turn" as const,
    groups: [[0], [1]],
  },
]) {
  test(`merge: ${name}`, () => {
    const placed = placeRuns(spans, placement);
    assert.deepEqual(
      placed.map((group) => group.map(({ run }) => run)),
      groups,
    );
  });
}

test("merge: seconds of machines that began apart stand where they were, and their rates add up", () => {
  const steady = Array.from({ length: 5 }, () => [1e6, 2e6]);
  const runs = [span(0, 5), span(2.02, 5)];
  const added = runs.map((_, run) => ({ intervals: intervalsOf(steady, 1e6), firstNode: run }));
  const merged = [...mergedIntervals(placeRuns(runs, "auto"), added)];
  assert.deepEqual(
    merged.map(({ snapshot }) => snapshot.classes.reduce((sum, { done }) => sum + done, 0)),
    [2, 2, 4, 4, 4, 2, 2],
  );
  assert.deepEqual(
    merged.map(({ snapshot }) => Math.round(snapshot.start / SECOND)),
    [0, 1, 2, 3, 4, 5, 6],
  );
});

const steps = [
  { name: "1/s", seconds: 2 },
  { name: "5/s", seconds: 3 },
];
const stepped = (run: Partial<SteppedRun> = {}): SteppedRun => ({
  steps,
  seconds: 5.5,
  pausedSeconds: 0,
  ...run,
});
const inTurn = [[{ run: 0, shiftMs: 0 }], [{ run: 1, shiftMs: 0 }]];
const together = (shiftMs: number) => [
  [
    { run: 0, shiftMs: 0 },
    { run: 1, shiftMs },
  ],
];

for (const { name, groups, runs, gives } of [
  {
    name: "those of runs in turn follow each other, and what ended after a schedule belongs to its last step",
    groups: inTurn,
    runs: [stepped(), stepped({ seconds: 7, pausedSeconds: 1 })],
    gives: [
      ["1/s", 2],
      ["5/s", 3.5],
      ["1/s", 2],
      ["5/s", 4],
    ],
  },
  {
    name: "a run that ended in its first step has no other, and the next begins there",
    groups: inTurn,
    runs: [stepped({ seconds: 1.5 }), stepped({ seconds: 5 })],
    gives: [
      ["1/s", 1.5],
      ["1/s", 2],
      ["5/s", 3],
    ],
  },
  {
    name: "the same ones at the same time are one step of both",
    groups: together(400),
    runs: [stepped(), stepped()],
    gives: [
      ["2 x 1/s", 2],
      ["2 x 5/s", 3.9],
    ],
  },
  {
    name: "runs that began in different seconds have none in common",
    groups: together(600),
    runs: [stepped(), stepped()],
    gives: [],
  },
  {
    name: "nor have those of which one was paused",
    groups: together(0),
    runs: [stepped(), stepped({ pausedSeconds: 1 })],
    gives: [],
  },
  {
    name: "a run without steps would lie in those of another",
    groups: inTurn,
    runs: [stepped(), stepped({ steps: [] })],
    gives: [],
  },
] as const)
  test(`steps of a sum: ${name}`, () => {
    assert.deepEqual(
      mergedSteps(groups, runs).map(({ name: step, seconds }) => [
        step,
        Number(seconds.toFixed(6)),
      ]),
      gives,
    );
  });
