import assert from "node:assert/strict";
import { test } from "node:test";
import { unpausedSeconds } from "../../../src/cli/replay/unpaused.ts";
import { nanos } from "../../../src/core/units.ts";
import { allocateTimebase, Timebase } from "../../../src/pacing/timebase.ts";
import { type RunControl, TimebaseControl } from "../../../src/pacing/timebase-control.ts";

const cases: readonly {
  name: string;
  controls: readonly (readonly [second: number, control: RunControl])[];
  sending: number;
  gives: { plannedSeconds: number | null; sendingSeconds: number };
}[] = [
  {
    name: "without controls both stay",
    controls: [],
    sending: 10.5,
    gives: { plannedSeconds: 10, sendingSeconds: 10.5 },
  },
  {
    name: "a pause counts in neither",
    controls: [
      [4, { kind: "pause" }],
      [604, { kind: "resume" }],
    ],
    sending: 611,
    gives: { plannedSeconds: 10, sendingSeconds: 11 },
  },
  {
    name: "twice the speed halves the plan",
    controls: [[0, { kind: "speed", factor: 2 }]],
    sending: 5,
    gives: { plannedSeconds: 5, sendingSeconds: 5 },
  },
  {
    name: "a pause that never ends leaves no plan",
    controls: [[4, { kind: "pause" }]],
    sending: 4,
    gives: { plannedSeconds: null, sendingSeconds: 4 },
  },
];

for (const { name, controls, sending, gives } of cases) {
  test(`unpaused seconds of a plan of ten: ${name}`, () => {
    const memory = allocateTimebase();
    const control = new TimebaseControl(memory);
    for (const [second, given] of controls) control.control(given, nanos(second * 1e9));
    assert.deepEqual(unpausedSeconds(new Timebase(memory), { planned: 10, sending }), gives);
  });
}
