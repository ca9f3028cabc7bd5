// What a write makes of a session on several shards, whose parts are in several places.
import assert from "node:assert/strict";
import { test } from "node:test";
import { micros } from "../../../src/core/units.ts";
import { mergedArchive } from "../../../src/playback/shards/merged-archive.ts";
import { needsHold, nextStep, type Scene } from "../../../src/playback/shards/next-step.ts";
import type { Step } from "../../../src/playback/shards/shard-messages.ts";
import { mergedStamps } from "../../../src/playback/shards/stamp-merge.ts";

/** Batches of two shards: one each second, in turns. */
const S = 1e6;
const stamps = mergedStamps([Array.from({ length: 100 }, (_, second) => (1000 + second) * S)]);
const lists = [0, 1].map((shard) => stamps.filter((_, place) => place % 2 === shard));
const archive = mergedArchive(
  lists.map((list) => ({ first: list[0] ?? null, last: list.at(-1) ?? null })),
  async (from, count) =>
    lists.map((list) =>
      count > 0
        ? list.filter((stamp) => stamp > from).slice(0, count)
        : list.filter((stamp) => stamp <= from).slice(count),
    ),
);

const STILL: Step = {
  start: null,
  end: null,
  speed: 2,
  state: "pause",
  pos: micros(1010 * S),
  move: "on",
  showsImage: false,
  at: micros(5000 * S),
  anchor: null,
};
const PACED: Step = { ...STILL, state: "play", anchor: micros(1010 * S) };
const FREE: Step = { ...PACED, speed: "unlimited", anchor: null };
const TAIL: Step = { ...STILL, state: "tail" };

/** Ten seconds after the step was taken, that is 20 s of the archive at its speed. */
const sceneOf = (step: Step, played: readonly number[]): Scene => ({
  step,
  at: micros(5010 * S),
  played: played.map((second) => micros(second * S)),
  archive,
});

const NOW = micros(6000 * S);

for (const { title, step, played = [1029, 1030], write, becomes } of [
  {
    title: "a paced session pauses where its time is, on all shards",
    step: PACED,
    write: ["state", "pause"],
    becomes: { state: "pause", pos: 1030, move: "here", anchor: null },
  },
  {
    title: "a paced session goes on at another speed from where its time is",
    step: PACED,
    write: ["speed", 4],
    becomes: { speed: 4, pos: 1030, move: "on", anchor: 1030 },
  },
  {
    title: "a paced session becomes unlimited where each shard is",
    step: PACED,
    write: ["speed", "unlimited"],
    becomes: { speed: "unlimited", pos: 1030, move: "on", anchor: null },
  },
  {
    title: "an unlimited session pauses where the furthest shard is",
    step: FREE,
    played: [1020, 1051],
    write: ["state", "pause"],
    becomes: { state: "pause", pos: 1051, move: "here", anchor: null },
  },
  {
    title: "an unlimited session is paced from where the furthest shard is",
    step: FREE,
    played: [1020, 1051],
    write: ["speed", 1],
    becomes: { speed: 1, pos: 1051, move: "here", anchor: null },
  },
  {
    title: "a paused session plays from where it is",
    step: STILL,
    played: [1009, 1010],
    write: ["state", "play"],
    becomes: { state: "play", pos: 1010, move: "on", anchor: null },
  },
  {
    title: "a paused session takes another speed where it is",
    step: STILL,
    played: [1009, 1010],
    write: ["speed", 1],
    becomes: { speed: 1, pos: 1010, move: "on", anchor: null },
  },
  {
    title: "tail goes to the end of what all shards have",
    step: PACED,
    write: ["state", "tail"],
    becomes: { state: "tail", pos: 1099, move: "there", showsImage: true },
  },
  {
    title: "a seek in tail plays",
    step: TAIL,
    played: [1098, 1099],
    write: ["pos", -3],
    becomes: { state: "play", pos: 1096, move: "there", showsImage: true },
  },
  {
    title: "a seek from here counts from where the session is",
    step: STILL,
    played: [1009, 1010],
    write: ["pos", "pos+5s"],
    becomes: { pos: 1015, move: "there", showsImage: true },
  },
  {
    title: "time that has run out of data does not lie behind it",
    step: { ...PACED, anchor: micros(1095 * S) },
    played: [1098, 1099],
    write: ["state", "pause"],
    becomes: { pos: 1099, move: "here" },
  },
  {
    title: "a bound that passes the position moves it, without an image",
    step: STILL,
    played: [1009, 1010],
    write: ["start", "1970-01-01T00:17:40Z"],
    becomes: { start: 1060, pos: 1060 - 1e-6, move: "there", showsImage: false },
  },
  {
    title: "a bound elsewhere leaves a paced session where its time is",
    step: PACED,
    write: ["end", "1970-01-01T00:18:00Z"],
    becomes: { end: 1080, pos: 1030, move: "on", anchor: 1030 },
  },
] as const) {
  test(`several shards: ${title}`, async () => {
    const [name, value] = write;
    const next = await nextStep(sceneOf(step, played), { name, value, now: NOW });
    const seconds = (given: unknown): unknown => (typeof given === "number" ? given / S : given);
    for (const [key, wanted] of Object.entries(becomes)) {
      const found = next?.[key as keyof Step];
      assert.equal(key === "speed" ? found : seconds(found), wanted, key);
    }
    assert.equal(next?.at, 5010 * S);
  });
}

test("several shards: what a control shows already changes nothing", async () => {
  for (const [name, value] of [
    ["state", "play"],
    ["speed", "2"],
    ["start", "unbounded"],
  ] as const)
    assert.equal(
      await nextStep(sceneOf(PACED, [1029, 1030]), { name, value, now: NOW }),
      undefined,
    );
});

test("several shards: only those that play without pace have to stand still for a change", () => {
  const wish = { name: "state", value: "pause", now: NOW } as const;
  const held = [STILL, PACED, FREE, TAIL].map((step) => needsHold(step, wish));
  assert.deepEqual(held, [false, false, true, true]);
  assert.equal(needsHold(FREE, { ...wish, name: "pos" }), false);
});
