import assert from "node:assert/strict";
import { describe, type TestContext, test } from "node:test";
import { micros } from "../../../src/core/units.ts";
import type { Loss } from "../../../src/record/batch-sink.ts";
import type { FinishedBatch } from "../../../src/record/nats/batch-groups.ts";
import { HeldBatches } from "../../../src/record/nats/held-batches.ts";

const PER_MESSAGE = 200;
const batch = (name: string): FinishedBatch => ({
  events: [{ kind: "null", path: name }],
  bytes: 1_000 - PER_MESSAGE,
});

/** A sink that takes everything, and asks to wait until the test lets it go on. */
function begin(t: TestContext) {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  let clock = 0;
  const taken: string[] = [];
  const losses: Loss[] = [];
  const reading: boolean[] = [];
  const full: { room?: PromiseWithResolvers<void> | undefined } = {};
  const held = new HeldBatches({
    heldBytesMax: 3_000,
    now: () => micros(clock),
    setReading: (isOn) => reading.push(isOn),
    sink: {
      lostBatches: 0,
      offer: ([event]) => {
        taken.push(event?.path ?? "");
        return full.room?.promise;
      },
      lost: (loss) => losses.push(loss),
    },
  });
  return {
    held,
    taken,
    losses,
    reading,
    fill: () => {
      full.room = Promise.withResolvers();
    },
    empty: () => {
      full.room?.resolve();
      full.room = undefined;
    },
    pass: (ms: number) => {
      clock += ms * 1_000;
      t.mock.timers.tick(ms);
    },
  };
}

describe("a NATS source whose archive has no room", () => {
  test("holds what comes and offers it in order", async (t) => {
    const { held, taken, fill, empty, reading } = begin(t);
    fill();
    for (const name of ["a", "b", "c"]) held.put(batch(name));
    assert.deepEqual(taken, ["a"]);
    empty();
    await held.empty();
    assert.deepEqual(taken, ["a", "b", "c"]);
    assert.deepEqual(reading, []);
  });

  test("stops reading once for half the time that the memory took to fill, then drops and tells", async (t) => {
    const { held, taken, losses, fill, empty, reading, pass } = begin(t);
    fill();
    held.put(batch("a"));
    for (const name of ["b", "c", "d"]) {
      pass(100);
      held.put(batch(name));
    }
    assert.deepEqual(reading, []);
    held.put(batch("e"));
    assert.deepEqual(reading, [false]);
    held.put(batch("read before the pause"));
    pass(149);
    assert.deepEqual(reading, [false]);
    pass(1);
    assert.deepEqual(reading, [false, true]);
    held.put(batch("dropped"));
    held.put(batch("dropped"));
    assert.equal(held.pauses, 1);
    empty();
    await held.empty();
    assert.deepEqual(taken, ["a", "b", "c", "d", "e", "read before the pause"]);
    assert.deepEqual(losses, [{ why: "overload", events: 2, from: 450_000 }]);
    held.put(batch("f"));
    assert.equal(taken.at(-1), "f");
  });

  test("reads on as soon as there is room again", async (t) => {
    const { held, losses, fill, empty, reading, pass } = begin(t);
    fill();
    held.put(batch("a"));
    pass(1_000);
    for (const name of ["b", "c", "d", "e"]) held.put(batch(name));
    empty();
    await held.empty();
    assert.deepEqual(reading, [false, true]);
    assert.deepEqual(losses, []);
  });
});
