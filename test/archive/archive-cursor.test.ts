// A filter that lets little through: what is passed over must not hold up the process, and nothing of the rest is missed.
import assert from "node:assert/strict";
import { test } from "node:test";
import { micros } from "../../src/core/units.ts";
import { archiveFolder, openReader, openWriter } from "../fakes/archive-folder.ts";
import { valueEvent } from "../fakes/fake-archive.ts";

const BATCHES = 10_000;

test("a cursor passes over what nobody wants in slices, between which others have their turn", async (t) => {
  const { writer } = await openWriter(t, { directory: archiveFolder(t) });
  const reader = await openReader(t, writer.folder, { writer });
  const wanted = [0, 1, 4999, BATCHES - 1];
  const stamps = Array.from({ length: BATCHES }, (_, batch) =>
    writer.append([valueEvent(wanted.includes(batch) ? "/rare" : "/often", `${batch}`)]),
  );
  const cursor = reader.cursor(micros(0), { matches: (path) => path === "/rare" });
  let turns = 0;
  const count = (): void => {
    turns++;
    clock = setImmediate(count);
  };
  let clock = setImmediate(count);
  t.after(() => clearImmediate(clock));
  const found: unknown[] = [];
  const waits: number[] = [];
  for (;;) {
    const item = cursor.take();
    if (item?.kind === "batch") found.push(item.stamp);
    else if (!cursor.isWaiting) break;
    else {
      const before = turns;
      await cursor.ready();
      waits.push(turns - before);
    }
  }
  assert.deepEqual(
    found,
    wanted.map((batch) => stamps[batch]),
  );
  assert.equal(waits.length, 2, "it waits before the third and the fourth");
  assert.ok(
    waits.every((count) => count >= 2),
    `turns while it waited: ${waits}`,
  );
  const again = reader.cursor(micros(0), { matches: () => false });
  assert.deepEqual([again.take(), again.isWaiting], [null, true]);
  assert.deepEqual([await again.next(), again.isWaiting], [null, false]);
  const all = reader.cursor(micros(0));
  let taken = 0;
  while (all.take() !== null) taken++;
  assert.equal(taken, BATCHES, "without a filter nothing is waited for");
  const left = reader.cursor(micros(0), { matches: () => false });
  left.take();
  const waiting = left.ready();
  left.close();
  await waiting;
});
