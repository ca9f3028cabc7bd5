import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { nanos } from "../../src/core/units.ts";
import { allocateTimebase, PIECES_MAX, Timebase } from "../../src/pacing/timebase.ts";
import { type RunControl, TimebaseControl } from "../../src/pacing/timebase-control.ts";

type Step = readonly [at: number, control: RunControl];

function timebaseWith(steps: readonly Step[]) {
  const memory = allocateTimebase();
  const control = new TimebaseControl(memory);
  for (const [at, step] of steps) control.control(step, nanos(at));
  return { timebase: new Timebase(memory), control };
}

const pause: RunControl = { kind: "pause" };
const resume: RunControl = { kind: "resume" };
const speed = (factor: number): RunControl => ({ kind: "speed", factor });

const dueTimes: readonly {
  name: string;
  steps: readonly Step[];
  due: readonly (readonly [schedule: number, clock: number])[];
}[] = [
  {
    name: "without a change the schedule is the clock",
    steps: [],
    due: [
      [0, 0],
      [1e12, 1e12],
    ],
  },
  {
    name: "a pause without an end keeps what is due from its instant on",
    steps: [[100, pause]],
    due: [
      [99, 99],
      [100, Number.POSITIVE_INFINITY],
      [500, Number.POSITIVE_INFINITY],
    ],
  },
  {
    name: "after a pause everything is due later by its length",
    steps: [
      [100, pause],
      [130, resume],
    ],
    due: [
      [99, 99],
      [100, 130],
      [200, 230],
    ],
  },
  {
    name: "a speed is that of the schedule as planned, whatever came before",
    steps: [
      [100, speed(2)],
      [200, speed(0.5)],
    ],
    due: [
      [100, 100],
      [200, 150],
      [300, 200],
      [310, 220],
    ],
  },
  {
    name: "a speed that is set in a pause holds when the pause is over",
    steps: [
      [100, pause],
      [110, speed(4)],
      [200, resume],
    ],
    due: [
      [100, 200],
      [140, 210],
    ],
  },
  {
    name: "a pause goes on with the speed that it found",
    steps: [
      [0, speed(2)],
      [10, pause],
      [20, resume],
    ],
    due: [
      [19, 9.5],
      [20, 20],
      [40, 30],
    ],
  },
];

for (const { name, steps, due } of dueTimes) {
  test(`timebase: ${name}`, () => {
    const { timebase } = timebaseWith(steps);
    for (const [schedule, clock] of due)
      assert.equal(timebase.dueAt(schedule), clock, `due of ${schedule}`);
  });
}

test("timebase: no due time stays none", () => {
  assert.ok(Number.isNaN(timebaseWith([[5, pause]]).timebase.dueAt(Number.NaN)));
});

test("timebase: a pause is told by its slope, its end, and the time it took so far", () => {
  const { timebase } = timebaseWith([
    [100, pause],
    [150, resume],
    [200, pause],
  ]);
  assert.deepEqual(
    [99, 100, 149, 150, 250].map((at) => timebase.slopeAt(at)),
    [1, 0, 0, 1, 0],
  );
  assert.deepEqual(
    [99, 100, 149, 150, 250].map((at) => timebase.startableAt(at)),
    [99, 150, 150, 150, Number.POSITIVE_INFINITY],
  );
  assert.deepEqual(
    [50, 120, 180, 230].map((at) => timebase.pausedBefore(at)),
    [0, 20, 50, 80],
  );
});

test("timebase: a run that begins paused starts nothing in the moment before its start", () => {
  const { timebase } = timebaseWith([[0, pause]]);
  assert.equal(timebase.startableAt(-20), Number.POSITIVE_INFINITY);
  assert.equal(timebase.dueAt(0), Number.POSITIVE_INFINITY);
});

test("timebase: a control holds at the instant it asks for, but not before it can be known nor before the last one", () => {
  const { control } = timebaseWith([]);
  const at = (answer: ReturnType<typeof control.control>) => answer.applied && answer.clock;
  assert.equal(at(control.control({ kind: "pause", at: 50 }, nanos(20))), 50);
  assert.equal(at(control.control({ kind: "resume", at: 10 }, nanos(30))), 50);
  assert.equal(at(control.control({ kind: "speed", factor: 2, at: 60 }, nanos(70))), 70);
  assert.deepEqual(
    control.applied.map(({ kind, clock, schedule, slope, speed: held }) => [
      kind,
      clock,
      schedule,
      slope,
      held,
    ]),
    [
      ["pause", 50, 50, 0, 1],
      ["resume", 50, 50, 1, 1],
      ["speed", 70, 70, 2, 2],
    ],
  );
});

const refusals: readonly { steps: readonly Step[]; control: RunControl; reason: RegExp }[] = [
  { steps: [[1, pause]], control: pause, reason: /paused already/ },
  { steps: [], control: resume, reason: /not paused/ },
  { steps: [], control: speed(0), reason: /between 0.01 and 100, not 0/ },
  { steps: [], control: speed(Number.NaN), reason: /not NaN/ },
  { steps: [], control: speed(101), reason: /not 101/ },
];

for (const { steps, control: given, reason } of refusals) {
  test(`timebase: refused with a reason: ${reason.source}`, () => {
    const { control, timebase } = timebaseWith(steps);
    const before = timebase.last();
    const answer = control.control(given, nanos(10));
    assert.equal(answer.applied, false);
    assert.match(answer.applied ? "" : answer.reason, reason);
    assert.deepEqual(timebase.last(), before);
  });
}

test("timebase: more changes than it has room for are refused, and the schedule goes on", () => {
  const { control, timebase } = timebaseWith([]);
  for (let i = 1; i < PIECES_MAX; i++)
    assert.equal(control.control(speed(1), nanos(i)).applied, true);
  const answer = control.control(pause, nanos(PIECES_MAX));
  assert.match(answer.applied ? "" : answer.reason, /4095 times/);
  assert.equal(timebase.dueAt(1e9), 1e9);
});

const controls: fc.Arbitrary<Step> = fc.tuple(
  fc.nat(1000),
  fc.oneof(
    fc.constant(pause),
    fc.constant(resume),
    fc.double({ min: 0.1, max: 10, noNaN: true }).map(speed),
  ),
);

test("timebase: due times never fall, and the schedule is there when they come", () => {
  fc.assert(
    fc.property(
      fc.array(controls, { maxLength: 20 }),
      fc.array(fc.nat(20_000), { minLength: 2 }),
      (steps, times) => {
        const { timebase } = timebaseWith(steps.toSorted(([a], [b]) => a - b));
        let before = 0;
        for (const schedule of times.toSorted((a, b) => a - b)) {
          const due = timebase.dueAt(schedule);
          assert.ok(due >= before - 1e-6, `${due} after ${before}`);
          before = due;
          if (due === Number.POSITIVE_INFINITY) continue;
          assert.ok(Math.abs(timebase.scheduleAt(due) - schedule) < 1e-6);
          assert.equal(
            timebase.startableAt(due + 1e-6) > due + 1e-6,
            timebase.slopeAt(due + 1e-6) === 0,
          );
        }
      },
    ),
  );
});
