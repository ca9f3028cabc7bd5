import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { SlicedWork, type Steps } from "../../src/archive/sliced-work.ts";
import { millis } from "../../src/core/units.ts";

/** Work that writes down what is done, with a pause after each step. */
function staged() {
  const done: string[] = [];
  const errors: unknown[] = [];
  const work = new SlicedWork({ slice: millis(0), onError: (error) => errors.push(error) });
  function* steps(name: string, count = 3): Steps {
    for (let step = 1; step <= count; step++) {
      done.push(`${name}${step}`);
      yield;
    }
  }
  const behind = (name: string, more?: Steps, bytes = 1) =>
    work.add({
      bytes,
      batches: 1,
      run: () => {
        done.push(name);
        return more;
      },
    });
  return { done, errors, work, steps, behind };
}

test("others have their turn between steps; what was added comes behind, and what it begins before what else waits", async () => {
  const { done, work, steps, behind } = staged();
  const idle = work.begin(steps("a"));
  assert.deepEqual(done, ["a1"]);
  behind("b", steps("c", 2));
  behind("d");
  await setImmediate();
  assert.deepEqual(done, ["a1", "a2"]);
  await idle;
  assert.deepEqual(done, ["a1", "a2", "a3", "b", "c1", "c2", "d"]);
  assert.equal(work.isBusy, false);
  await work.idle;
});

test("above 16 MiB of what waits there are no more pauses", () => {
  const { done, work, steps, behind } = staged();
  void work.begin(steps("a"));
  behind("b", undefined, 1 << 23);
  assert.deepEqual(done, ["a1"]);
  behind("c", undefined, (1 << 23) + 1);
  assert.deepEqual(done, ["a1", "a2", "a3", "b", "c"]);
  assert.equal(work.isBusy, false);
});

test("in a hurry there are none from then on, also in what begins later", () => {
  const { done, work, steps } = staged();
  void work.begin(steps("a"));
  work.hurry();
  void work.begin(steps("b"));
  assert.deepEqual(done, ["a1", "a2", "a3", "b1", "b2", "b3"]);
});

test("an error ends the work and leaves what waits to be counted", async () => {
  const { errors, work, behind, done } = staged();
  const trouble = new Error("the disk is gone");
  const idle = work.begin(
    (function* () {
      yield;
      throw trouble;
    })(),
  );
  behind("a");
  behind("b");
  await idle;
  assert.deepEqual(errors, [trouble]);
  assert.equal(work.drop(), 2);
  assert.equal(work.drop(), 0);
  assert.deepEqual(done, []);
});
