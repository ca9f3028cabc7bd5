import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { takeOrigin, threadClock } from "../../src/core/clock.ts";
import { nanos } from "../../src/core/units.ts";
import { AlarmDesk, AlarmSlot, allocateAlarmBoard } from "../../src/ring/alarm-board.ts";
import { startAlarmClock } from "../../src/ring/alarm-clock.ts";

test("alarm board: nobody wants to be woken at first, then the earliest counts", () => {
  const memory = allocateAlarmBoard(3);
  const desk = new AlarmDesk(memory);
  assert.equal(desk.earliest(), Number.POSITIVE_INFINITY);
  const slots = [0, 1, 2].map((worker) => new AlarmSlot(memory, worker));
  slots[0]?.wakeAt(500, () => {});
  slots[2]?.wakeAt(300, () => {});
  assert.equal(desk.earliest(), 300);
  assert.equal(desk.ring(299), 0);
  assert.equal(desk.ring(400), 1);
  assert.equal(desk.earliest(), 500);
  desk.ring(500);
});

test("alarm board: whoever wants to be woken earlier than the clock will look rings its bell", () => {
  const memory = allocateAlarmBoard(2);
  const desk = new AlarmDesk(memory);
  const slot = new AlarmSlot(memory, 1);
  slot.wakeAt(1000, () => {});
  const bell = desk.bell();
  desk.earliest();
  slot.wakeAt(2000, () => {});
  assert.equal(desk.bell(), bell, "later than the clock's target: let it sleep");
  slot.wakeAt(10, () => {});
  assert.notEqual(desk.bell(), bell);
  desk.ring(10_000);
});

test("alarm board: a ring for an earlier due time, while a worker is about to listen, does not take the next one from it", async (t) => {
  const memory = allocateAlarmBoard(1);
  const desk = new AlarmDesk(memory);
  const slot = new AlarmSlot(memory, 0);
  const served = new Promise<void>((woken) => slot.wakeAt(100, woken));
  desk.ring(100);
  // Asks again before it has heard the ring, and then serves that due time by itself: it stays on the board.
  slot.wakeAt(200, () => {});
  await served;
  const waitAsync = Atomics.waitAsync.bind(Atomics);
  const waits = t.mock.method(Atomics, "waitAsync", (...args: Parameters<typeof waitAsync>) => {
    if (waits.mock.callCount() === 0) assert.equal(desk.ring(300), 1);
    return waitAsync(...args);
  });
  const keepAlive = setInterval(() => {}, 1000);
  t.after(() => clearInterval(keepAlive));
  const woken = new Promise((resolve) => slot.wakeAt(400, () => resolve("woken")));
  assert.equal(desk.earliest(), 400);
  assert.equal(desk.ring(400), 1);
  const patience = new Promise((resolve) => setTimeout(resolve, 2000, "asleep").unref());
  assert.equal(await Promise.race([woken, patience]), "woken");
});

test("alarm clock: every call is answered once, in time, for several workers at once", async () => {
  const origin = takeOrigin();
  const clock = threadClock(origin);
  const board = allocateAlarmBoard(2);
  const thread = startAlarmClock({ board, origin, early: nanos(70e3) });
  await once(thread, "message");
  const keepAlive = setInterval(() => {}, 1000);
  try {
    const early: number[] = [];
    const chain = (slot: AlarmSlot, gapNs: number, times: number): Promise<void> =>
      new Promise((resolve) => {
        let due = clock.now() + gapNs;
        let left = times;
        const woken = (): void => {
          if (clock.now() < due) early.push(due - clock.now());
          if (--left === 0) {
            resolve();
            return;
          }
          due += gapNs;
          slot.wakeAt(due, woken);
        };
        slot.wakeAt(due, woken);
      });
    await Promise.all([
      chain(new AlarmSlot(board, 0), 0.7e6, 200),
      chain(new AlarmSlot(board, 1), 1.1e6, 150),
    ]);
    assert.deepEqual(early, []);
  } finally {
    clearInterval(keepAlive);
    await thread.terminate();
  }
});
