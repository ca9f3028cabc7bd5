import assert from "node:assert/strict";
import { test } from "node:test";
import { KeptSeconds } from "../../src/cluster/node/kept-seconds.ts";
import { encodeSnapshot } from "../../src/cluster/protocol/snapshot-wire.ts";
import { nanos } from "../../src/core/units.ts";
import { allocateTally } from "../../src/stats/tally-layout.ts";
import { TallyReader } from "../../src/stats/tally-reader.ts";

const SECOND = 1e9;

test("a long run keeps its last seconds apart and loses nothing of the first ones", () => {
  const reader = new TallyReader([allocateTally()]);
  const kept = new KeptSeconds(10);
  const seconds = 700;
  for (let second = 0; second < seconds; second++) {
    const snapshot = reader.takeInterval(nanos(second * SECOND), nanos((second + 1) * SECOND));
    kept.add(encodeSnapshot({ ...snapshot, retries: 1 }));
  }
  const all = kept.all();
  assert.ok(all.length < seconds && all.length >= 10);
  assert.equal(
    all.reduce((sum, { retries }) => sum + retries, 0),
    seconds,
  );
  assert.equal(all[0]?.start, 0);
  all.slice(1).forEach(({ start }, i) => {
    assert.equal(start, all[i]?.end);
  });
  assert.equal(all.at(-1)?.end, seconds * SECOND);
});
