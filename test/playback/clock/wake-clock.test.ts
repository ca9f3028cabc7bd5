import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { nanos } from "../../../src/core/units.ts";
import { allocateWakeBoard, WakeBoard, WakeDesk } from "../../../src/playback/clock/wake-board.ts";
import { WakeClock } from "../../../src/playback/clock/wake-clock.ts";

const boardOf = (slots: number): { board: WakeBoard; desk: WakeDesk } => {
  const memory = allocateWakeBoard();
  const board = new WakeBoard(memory);
  for (let slot = 0; slot < slots; slot++) board.use(slot);
  return { board, desk: new WakeDesk(memory) };
};

test("wake board: nobody wants to be woken at first, then the earliest counts", () => {
  const { board, desk } = boardOf(3);
  assert.equal(desk.earliest(), Number.POSITIVE_INFINITY);
  board.ask(0, 500);
  board.ask(2, 300);
  assert.equal(desk.earliest(), 300);
  assert.equal(desk.ring(299), 0);
  assert.equal(desk.ring(400), 1);
  assert.deepEqual([board.isRung(0), board.isRung(2)], [false, true]);
  assert.equal(desk.earliest(), 500);
});

test("wake board: whoever wants to be woken earlier than the clock will look rings its bell", () => {
  const { board, desk } = boardOf(2);
  board.ask(1, 1000);
  const bell = desk.bell();
  desk.earliest();
  board.ask(1, 2000);
  board.ask(0, 1500);
  assert.equal(desk.bell(), bell, "later than the clock's target: let it sleep");
  board.ask(0, 10);
  assert.notEqual(desk.bell(), bell);
});

test("wake board: a ring for a due time that was replaced leaves the new one armed", () => {
  const { board, desk } = boardOf(1);
  board.ask(0, 100);
  assert.equal(desk.ring(100), 1);
  board.ask(0, 200);
  assert.equal(board.isRung(0), false);
  assert.equal(desk.earliest(), 200);
  assert.equal(desk.ring(200), 1);
  assert.equal(board.isRung(0), true);
});

test("wake board: one ring tells of all slots that are due", () => {
  const { board, desk } = boardOf(512);
  for (let slot = 0; slot < 512; slot++) board.ask(slot, slot);
  const seen = board.doorbell();
  assert.equal(desk.ring(255), 256);
  assert.equal(board.doorbell(), seen + 1);
  assert.equal(desk.earliest(), 256);
});

let clock: WakeClock;
before(async () => {
  clock = await WakeClock.start();
});
after(() => clock.close());

const MS = 1e6;

test("wake clock: rings in the order of due times, none early, none twice", async () => {
  const start = clock.now();
  const told: number[] = [];
  let left = 20;
  await new Promise<void>((resolve) => {
    for (let index = 0; index < 20; index++) {
      const due = nanos(start + ((index * 7) % 20) * 2 * MS + 5 * MS);
      const slot = clock.slot(() => {
        assert.ok(clock.now() >= due, "early");
        told.push(due);
        slot.release();
        left--;
        if (left === 0) resolve();
      });
      slot.at(due);
    }
  });
  assert.deepEqual(
    told,
    told.toSorted((a, b) => a - b),
  );
  await pause(20);
  assert.equal(told.length, 20);
});

test("wake clock: a new due time replaces the old one, earlier or later", async () => {
  let rings = 0;
  const start = clock.now();
  const rung = new Promise<number>((resolve) => {
    const slot = clock.slot(() => {
      rings++;
      resolve(clock.now());
    });
    slot.at(nanos(start + 3_600_000 * MS));
    slot.at(nanos(start + 5 * MS));
    slot.at(nanos(start + 30 * MS));
  });
  assert.ok((await rung) >= start + 30 * MS);
  assert.equal(rings, 1);
});

test("wake clock: what was cancelled does not ring, and its place serves another", async () => {
  const cancelled = clock.slot(() => assert.fail("it was cancelled"));
  cancelled.at(nanos(clock.now() + 5 * MS));
  cancelled.cancel();
  const released = clock.slot(() => assert.fail("it was released"));
  released.at(nanos(clock.now() + 5 * MS));
  released.release();
  await new Promise<void>((resolve) => {
    const slot = clock.slot(resolve);
    slot.at(nanos(clock.now() + 15 * MS));
  });
});

test("wake clock: a part that is always late lets the event loop turn", async () => {
  let rings = 0;
  const slot = clock.slot(() => {
    rings++;
    slot.at(nanos(0));
  });
  slot.at(nanos(0));
  await pause(20);
  assert.ok(rings > 1);
  slot.release();
  const told = rings;
  await pause(10);
  assert.equal(rings, told);
});
