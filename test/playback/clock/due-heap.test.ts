import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type DueEntry, DueHeap, NOWHERE } from "../../../src/playback/clock/due-heap.ts";

test("due heap: whatever is put, moved and removed, the first one is due first", () => {
  const step = fc.record({ entry: fc.nat(20), due: fc.nat(100), isRemoval: fc.boolean() });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const heap = new DueHeap<DueEntry>();
      const entries = Array.from({ length: 21 }, () => ({ due: Infinity, place: NOWHERE }));
      const model = new Map<DueEntry, number>();
      for (const { entry: number, due, isRemoval } of steps) {
        const entry = entries[number] as DueEntry;
        if (isRemoval) {
          heap.remove(entry);
          model.delete(entry);
        } else {
          heap.put(entry, due);
          model.set(entry, due);
        }
        assert.equal(heap.first?.due ?? Infinity, Math.min(Infinity, ...model.values()));
      }
      for (let { first } = heap; first !== undefined; { first } = heap) {
        assert.equal(first.due, Math.min(...model.values()));
        heap.remove(first);
        model.delete(first);
      }
      assert.equal(model.size, 0);
    }),
  );
});
