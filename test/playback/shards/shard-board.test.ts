import assert from "node:assert/strict";
import { test } from "node:test";
import { micros } from "../../../src/core/units.ts";
import { type Announcement, ShardBoard } from "../../../src/playback/shards/shard-board.ts";

const said = (shard: number, more: Partial<Announcement> = {}): Announcement => ({
  cluster: "c",
  shard,
  shards: 3,
  instance: `instance of ${shard}`,
  archive: null,
  began: micros(1000),
  first: null,
  last: null,
  machine: null,
  ...more,
});

const board = (own = said(0)): ShardBoard => new ShardBoard(() => own);

test("playback waits until all shards are there, and says for how many", () => {
  const shards = board();
  assert.equal(shards.notReady, "waiting for shards: 1 of 3");
  assert.deepEqual(shards.hear(said(2), 0), { kind: "appeared", shard: 2 });
  assert.equal(shards.notReady, "waiting for shards: 2 of 3");
  assert.equal(shards.hear(said(2), 1000), undefined, "it said so before");
  shards.hear(said(1), 1000);
  assert.equal(shards.notReady, undefined);
  assert.deepEqual(shards.present, [0, 1, 2]);
});

test("a shard that is silent for more than 5 s is lost, and sessions can be looked at without it", () => {
  const shards = board();
  shards.hear(said(1), 0);
  shards.hear(said(2), 0);
  shards.hear(said(1), 5000);
  assert.deepEqual(shards.look(5000), []);
  assert.deepEqual(shards.look(5001), [{ kind: "lost", shard: 2 }]);
  assert.equal(shards.notReady, undefined);
  assert.equal(shards.trouble, "waiting for shards: 2 of 3");
  assert.deepEqual(shards.hear(said(2, { instance: "new" }), 6000), { kind: "appeared", shard: 2 });
  assert.equal(shards.trouble, undefined);
});

test("a shard that says it leaves is lost at once", () => {
  const shards = board();
  shards.hear(said(1), 0);
  assert.deepEqual(shards.leave(1), { kind: "lost", shard: 1 });
  assert.equal(shards.leave(1), undefined);
});

for (const { title, own, other, taken } of [
  {
    title: "the later of two has to go",
    own: { began: 2000 },
    other: { began: 1000 },
    taken: true,
  },
  { title: "the earlier of two stays", own: { began: 1000 }, other: { began: 2000 }, taken: false },
  {
    title: "of two at one instant one stays",
    own: { began: 1000 },
    other: { began: 1000 },
    taken: false,
  },
]) {
  test(`one index, two instances: ${title}`, () => {
    const mine = said(1, { began: micros(own.began), instance: "a" });
    const theirs = said(1, { began: micros(other.began), instance: "b" });
    const change = board(mine).hear(theirs, 0);
    assert.equal(change?.kind === "taken", taken);
    const [first, second] = [board(mine).hear(theirs, 0), board(theirs).hear(mine, 0)];
    assert.equal([first, second].filter((one) => one?.kind === "taken").length, 1);
  });
}

test("a second instance of another shard is no news while the first one speaks", () => {
  const shards = board();
  shards.hear(said(1), 0);
  assert.equal(shards.hear(said(1, { instance: "later", began: micros(9000) }), 1000), undefined);
  shards.look(6000);
  assert.equal(shards.hear(said(1, { instance: "later" }), 6000)?.kind, "appeared");
});

test("who counts the shards otherwise is in the way, once told, until it is silent", () => {
  const shards = board();
  shards.hear(said(1), 0);
  shards.hear(said(2), 0);
  const other = said(3, { shards: 4 });
  assert.equal(shards.hear(other, 0)?.kind, "disagrees");
  assert.equal(shards.hear(other, 1000), undefined);
  assert.equal(shards.notReady, "shards disagree: shard 3 counts 4 of them, this one 3");
  for (const shard of [1, 2]) shards.hear(said(shard), 6000);
  shards.look(6001);
  assert.equal(shards.notReady, undefined);
});

test("other clusters and one's own words are not listened to", () => {
  const shards = board();
  assert.equal(shards.hear(said(1, { cluster: "d", shards: 9 }), 0), undefined);
  assert.equal(shards.hear(said(0), 0), undefined);
  assert.deepEqual(shards.present, [0]);
});

test("who slept itself takes nobody for silent by that", () => {
  const shards = board();
  shards.hear(said(1), 0);
  shards.look(1000);
  shards.hear(said(2), 1500);
  assert.deepEqual(shards.look(9000), []);
  shards.hear(said(1), 9001);
  for (const ms of [10_000, 11_000, 12_000, 13_000, 14_000]) assert.deepEqual(shards.look(ms), []);
  assert.deepEqual(shards.look(14_501), [
    { kind: "lost", shard: 1 },
    { kind: "lost", shard: 2 },
  ]);
});
