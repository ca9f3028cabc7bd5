import assert from "node:assert/strict";
import { test } from "node:test";
import { allocateWakeBoard, WakeBoard } from "../../../src/cli/calibrate/wake-board.ts";

test("wake board: a ring is heard once, with its instant, and then the next may come", () => {
  const memory = allocateWakeBoard();
  const ringer = new WakeBoard(memory);
  const listener = new WakeBoard(memory);
  assert.equal(listener.listen(0), undefined);
  for (const at of [100, 250]) {
    assert.equal(ringer.isHeard(), true);
    ringer.ring(at);
    assert.equal(ringer.isHeard(), false);
    assert.equal(listener.listen(0), at);
    listener.hear();
  }
  assert.equal(listener.listen(0), undefined);
});
