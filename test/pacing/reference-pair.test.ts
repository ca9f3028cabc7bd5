import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { micros, nanos } from "../../src/core/units.ts";
import {
  archiveTimeAt,
  atSpeed,
  dueOf,
  type ReferencePair,
} from "../../src/pacing/reference-pair.ts";

const START = 1_767_225_600_000_000;
const pair = (speed: number): ReferencePair => ({
  archive: micros(START),
  mono: nanos(5e9),
  speed,
});

for (const { title, speed, after, due } of [
  {
    title: "at recorded speed a stamp one second later is due one second later",
    speed: 1,
    after: 1e6,
    due: 6e9,
  },
  { title: "twice as fast it is due half a second later", speed: 2, after: 1e6, due: 5.5e9 },
  { title: "at a tenth it is due ten seconds later", speed: 0.1, after: 1e6, due: 15e9 },
  { title: "the stamp of the pair is due at its instant", speed: 3, after: 0, due: 5e9 },
  { title: "what lies before the pair was due before", speed: 1, after: -1e6, due: 4e9 },
]) {
  test(`reference pair: ${title}`, () => {
    assert.equal(dueOf(pair(speed), micros(START + after)), due);
  });
}

test("reference pair: a speed change in the middle of a gap keeps what has passed of it", () => {
  const next = micros(START + 10e6);
  const faster = atSpeed(pair(1), { now: nanos(9e9), speed: 3, next });
  // 4 of 10 s have passed; the other 6 s take 2.
  assert.equal(dueOf(faster, next), 11e9);
  const slower = atSpeed(faster, { now: nanos(10e9), speed: 0.5, next });
  assert.equal(dueOf(slower, next), 16e9);
});

test("reference pair: a batch that is late stays due now, whatever the new speed", () => {
  const next = micros(START + 1e6);
  for (const speed of [0.001, 1, 1000]) {
    const changed = atSpeed(pair(1), { now: nanos(60e9), speed, next });
    assert.equal(dueOf(changed, next), 60e9);
  }
});

test("reference pair: due time and archive time are each other's inverse", () => {
  fc.assert(
    fc.property(
      fc.double({ min: 0.001, max: 1000, noNaN: true }),
      fc.integer({ min: 0, max: 86_400_000_000 }),
      (speed, after) => {
        const stamp = micros(START + after);
        const back = archiveTimeAt(pair(speed), dueOf(pair(speed), stamp));
        assert.ok(Math.abs(back - stamp) < 1, `${back - stamp} us off`);
      },
    ),
  );
});
