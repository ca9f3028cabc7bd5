// Acceptance cases 16 to 20 of playback: moving, playing, tailing, ends, on time that the test moves.
import assert from "node:assert/strict";
import { test } from "node:test";
import { micros, nanos } from "../../../src/core/units.ts";
import { valueAtPercentile } from "../../../src/stats/distribution.ts";
import { decodeHdr } from "../../../src/stats/hdr.ts";
import { at, KeepingSink, NS, START, Stage } from "./stage.ts";

const recorded = (seconds: readonly number[]): Stage => {
  const stage = new Stage();
  for (const second of seconds) stage.record(second);
  return stage;
};
const TEN = [0, 10, 20, 30, 40, 50, 60, 70, 80, 90];

test("controls and image come first to a stream, and then each batch at its time", async () => {
  const stage = recorded(TEN);
  const { session, sink } = await stage.attached();
  assert.deepEqual(
    sink.shown.map(({ type, name, value }) => [type, name, value]),
    [
      ["control", "start", "Unbounded"],
      ["control", "end", "Unbounded"],
      ["control", "speed", 1],
      ["control", "pos", "2025-12-31T23:59:59.999999Z"],
      ["control", "state", "pause"],
      ["image", undefined, undefined],
    ],
  );
  assert.deepEqual(sink.shown.at(-1)?.events, [{ path: "/a", none: true }]);
  assert.equal(await session.write("state", "play"), "play");
  await stage.settle();
  await stage.pass(0);
  assert.deepEqual(sink.batches, [0], "the gap before the first batch is not waited out");
  await stage.pass(9.999);
  assert.deepEqual(sink.batches, [0]);
  await stage.pass(0.001);
  assert.deepEqual(sink.batches, [0, 10]);
  await stage.pass(25);
  assert.deepEqual(sink.batches, [0, 10, 20, 30]);
  assert.equal(session.read("pos"), at(30));
});

test("due times are absolute: what was sent late shifts nothing", async () => {
  const stage = recorded(TEN);
  const { session, sink } = await stage.attached({ state: "play" });
  await stage.pass(0);
  session.attach(new KeepingSink());
  stage.wake.sleepThrough(25);
  await stage.pass(0);
  assert.deepEqual(sink.batches, [0, 10, 20]);
  await stage.pass(4.999);
  assert.deepEqual(sink.batches, [0, 10, 20]);
  await stage.pass(0.001);
  assert.deepEqual(sink.batches, [0, 10, 20, 30]);
  const { count, max } = session.figures().lateness_us;
  assert.equal(count, 4);
  assert.ok(Math.abs((max ?? 0) / 15e6 - 1) < 0.001);
});

test("pausing and resuming neither loses, repeats nor reorders, and a batch after it is due at once", async () => {
  const stage = recorded(TEN);
  const { session, sink } = await stage.attached({ state: "play" });
  for (let round = 0; round < 5; round++) {
    await stage.pass(3);
    await session.write("state", "pause");
    await stage.pass(1000);
    await session.write("state", "play");
    await stage.pass(0);
  }
  await stage.pass(100);
  assert.deepEqual(sink.batches, TEN);
});

for (const { title, from, write, pos } of [
  { title: "+1 from the beginning is the first batch", from: "beginning", write: 1, pos: 0 },
  { title: "a number as text, without sign", from: "beginning", write: "3", pos: 20 },
  {
    title: "-1 from between two batches is the one before the last passed",
    from: at(25),
    write: -1,
    pos: 10,
  },
  { title: "+1 from between two batches is the next", from: at(25), write: "+1", pos: 30 },
  { title: "+128 stops at the end of data", from: at(25), write: 128, pos: 90 },
  {
    title: "an instant stays where it is, not snapped to a batch",
    from: "end",
    write: at(25),
    pos: 25,
  },
  { title: "an instant after the archive is the end", from: "beginning", write: at(1000), pos: 90 },
  { title: "pos+15s counts from the position", from: at(25), write: "pos+15s", pos: 40 },
  { title: "pos-15s counts from the position", from: at(25), write: "pos-15s", pos: 10 },
  { title: "an offset counts from now", from: "beginning", write: "-3540s", pos: 60 },
  { title: "the end is the last batch", from: "beginning", write: "end", pos: 90 },
]) {
  test(`case 16: ${title}`, async () => {
    const stage = recorded(TEN);
    const { session, sink } = await stage.attached({ pos: from });
    assert.equal(await session.write("pos", write), at(pos));
    await stage.settle();
    assert.equal(sink.images.length, 2, "the image is sent after a seek");
    assert.equal(session.read("state"), "pause");
  });
}

test("case 16: what lies before the archive, and -128, is the beginning: 1 us before the first batch", async () => {
  const stage = recorded(TEN);
  const { session } = await stage.attached({ pos: at(50) });
  for (const write of ["1999-01-01", -128, "beginning", "-10y", "pos-1d"]) {
    await session.write("pos", at(50));
    assert.equal(await session.write("pos", write), "2025-12-31T23:59:59.999999Z");
  }
});

test("case 16: steps and instants stop at the bounds", async () => {
  const stage = recorded(TEN);
  const { session } = await stage.attached({ start: at(15), end: at(55), pos: at(30) });
  assert.equal(await session.write("pos", -100), "2026-01-01T00:00:19.999999Z");
  assert.equal(await session.write("pos", 2), at(30));
  assert.equal(await session.write("pos", 100), at(55));
  assert.equal(await session.write("pos", at(5)), "2026-01-01T00:00:19.999999Z");
});

for (const [write, looks] of [
  [at(50), 0],
  [at(1000), 1],
  ["pos-10s", 0],
  ["pos-1d", 1],
  ["-1d", 1],
  ["end", 0],
] as const) {
  test(`case 16: a seek to ${write} looks for files ${looks === 0 ? "not" : "first"}`, async () => {
    const stage = recorded(TEN);
    const session = await stage.session({ pos: at(30) });
    await session.write("pos", write);
    assert.equal(stage.archive.refreshed, looks);
  });
}

test("case 16: a session that is made at an instant outside of the archive looks for files first", async () => {
  const stage = recorded(TEN);
  await stage.session({ pos: "1999-01-01" });
  assert.equal(stage.archive.refreshed, 1);
});

test("moving a bound past the position makes it the beginning, without image, and the state stays", async () => {
  const stage = recorded(TEN);
  const { session, sink } = await stage.attached({ pos: at(30) });
  await session.write("start", at(45));
  assert.equal(session.read("pos"), "2026-01-01T00:00:49.999999Z");
  await session.write("start", "unbounded");
  assert.equal(session.read("pos"), "2026-01-01T00:00:49.999999Z");
  await session.write("end", at(20));
  assert.equal(session.read("pos"), "2025-12-31T23:59:59.999999Z");
  assert.equal(session.read("state"), "pause");
  assert.equal(sink.images.length, 1);
});

test("case 17: a speed changed in the middle of a gap runs the rest of it at the new speed", async () => {
  const stage = recorded([0, 100, 200]);
  const { session, sink } = await stage.attached({ state: "play" });
  await stage.pass(40);
  await session.write("speed", 3);
  await stage.pass(19.9);
  assert.deepEqual(sink.batches, [0]);
  await stage.pass(0.1);
  assert.deepEqual(sink.batches, [0, 100]);
  await session.write("speed", "0.5");
  await stage.pass(199.9);
  assert.deepEqual(sink.batches, [0, 100]);
  await stage.pass(0.1);
  assert.deepEqual(sink.batches, [0, 100, 200]);
});

test("case 17: unlimited sends everything at once, and back to a speed the gap is waited for", async () => {
  const stage = recorded(TEN);
  const { session, sink } = await stage.attached({ speed: "Unlimited" });
  await session.write("state", "play");
  await stage.settle();
  assert.deepEqual(sink.batches, TEN);
  assert.equal(session.read("state"), "tail");
  assert.equal(session.figures().lateness_us.count, 0);
  await session.write("pos", "beginning");
  await stage.settle();
  assert.equal(session.read("state"), "tail");
  assert.deepEqual(sink.batches, [...TEN, ...TEN]);
});

test("case 17: a write replaces a due time at once, whatever it was before", async () => {
  const stage = recorded([0, 3000]);
  const { session, sink } = await stage.attached({ state: "play" });
  await stage.pass(0);
  const before = stage.wake.next();
  await session.write("speed", 1000);
  assert.ok(stage.wake.next() < before);
  await stage.pass(3);
  assert.deepEqual(sink.batches, [0, 3000]);
});

test("case 18: an end in the past pauses there, with the position at the end", async () => {
  const stage = recorded(TEN);
  const { session, sink } = await stage.attached({ end: at(35), state: "play" });
  await stage.pass(100);
  assert.deepEqual(sink.batches, [0, 10, 20, 30]);
  assert.deepEqual([session.read("state"), session.read("pos")], ["pause", at(35)]);
  assert.deepEqual(sink.told("state"), ["play", "pause"]);
  await assert.rejects(session.write("state", "tail"), /tail is not possible: end is in the past/);
});

test("case 18: without end, out of data is tail, and what is recorded then comes at once", async () => {
  const stage = recorded([0, 1]);
  const { session, sink } = await stage.attached({ state: "play" });
  await stage.pass(2);
  assert.equal(session.read("state"), "tail");
  stage.record(4000);
  stage.record(4001);
  await stage.settle();
  assert.deepEqual(sink.batches, [0, 1, 4000, 4001]);
});

test("case 18: an end in the future lets live batches through up to it, then pauses", async () => {
  const stage = recorded([0]);
  const { session, sink } = await stage.attached({ end: "+60s", state: "play" });
  await stage.pass(1);
  assert.equal(session.read("state"), "tail");
  stage.record(3650);
  await stage.pass(58);
  assert.equal(session.read("state"), "tail");
  await stage.pass(2);
  assert.deepEqual([session.read("state"), session.read("pos")], ["pause", at(3660)]);
  stage.record(3661);
  await stage.settle();
  assert.deepEqual(sink.batches, [0, 3650]);
});

test("case 18: tail moves to the end of data with an image, play from there tails again, a seek in tail plays", async () => {
  const stage = recorded(TEN);
  const { session, sink } = await stage.attached();
  assert.equal(await session.write("state", " TAIL "), "tail");
  assert.equal(session.read("pos"), at(90));
  await stage.settle();
  assert.deepEqual(sink.shown.at(-1)?.events, [{ path: "/a", text: "90" }]);
  assert.equal(await session.write("state", "play"), "tail", "there is nothing left to play");
  await session.write("pos", at(65));
  assert.equal(session.read("state"), "play");
  await stage.pass(0);
  assert.deepEqual(sink.batches, [70]);
  await stage.pass(30);
  assert.deepEqual(sink.batches, [70, 80, 90]);
  assert.equal(session.read("state"), "tail");
  await session.write("state", "pause");
  stage.record(3700);
  await stage.pass(10);
  assert.deepEqual(sink.batches, [70, 80, 90]);
});

test("case 20: an empty archive has no position; play is tail, and the first live batch arrives", async () => {
  const stage = new Stage();
  const { session, sink } = await stage.attached();
  assert.equal(session.read("pos"), null);
  assert.deepEqual(sink.shown.at(-1), { type: "image", us: null, stamp: null, events: [] });
  assert.equal(await session.write("pos", at(5)), null);
  assert.equal(await session.write("state", "play"), "tail");
  stage.record(3600);
  await stage.settle();
  assert.deepEqual(sink.batches, [3600]);
  assert.equal(session.read("pos"), at(3600));
});

test("case 20: a paused session gets its position with the first batch", async () => {
  const stage = new Stage();
  const { session, sink } = await stage.attached();
  stage.record(3600);
  await stage.settle();
  assert.equal(session.read("pos"), "2026-01-01T00:59:59.999999Z");
  assert.equal(sink.told("pos").at(-1), "2026-01-01T00:59:59.999999Z");
});

test("play_after: playing begins so long after creation, unless somebody changes the state before", async () => {
  const stage = recorded(TEN);
  const { session, sink } = await stage.attached({ play_after: "5s" });
  const other = await stage.attached({ play_after: { secs: 5, nanos: 0 } });
  await other.session.write("state", "pause");
  await stage.pass(4.9);
  assert.equal(session.read("state"), "pause");
  await stage.pass(0.2);
  await stage.pass(0);
  assert.equal(session.read("state"), "play");
  assert.deepEqual(sink.batches, [0]);
  await stage.pass(10);
  assert.deepEqual(other.sink.batches, []);
});

for (const speed of [1, "unlimited"]) {
  test(`at speed ${speed}, an archive that cannot be read pauses the session, which says why and plays on once it can`, async () => {
    const stage = recorded(TEN);
    const { session, sink } = await stage.attached({ speed });
    stage.archive.damage = new Error("the disk is gone");
    assert.equal(await session.write("state", "play"), "pause");
    await stage.pass(1);
    assert.deepEqual(sink.told("state"), ["pause", "play", "pause"]);
    const errors = sink.shown.filter(({ type }) => type === "error");
    assert.deepEqual(errors, [{ type: "error", error: "the disk is gone" }]);
    stage.archive.damage = undefined;
    await session.write("state", "play");
    await stage.pass(100);
    assert.deepEqual(sink.batches, TEN);
  });
}

test("gaps are passed on between the batches that they lie between, and counted", async () => {
  const stage = recorded([0]);
  const [from, to] = [micros(START + 1), micros(START + 500_000)];
  stage.archive.gap({ from, to, dropped: 7, why: "overload" });
  stage.record(1);
  const { session, sink } = await stage.attached({ speed: "unlimited" });
  await session.write("state", "play");
  await stage.settle();
  const played = sink.shown.filter(({ type }) => type !== "control").slice(1);
  assert.deepEqual(
    played.map(({ type }) => type),
    ["batch", "gap", "batch"],
  );
  assert.deepEqual(played[1], { type: "gap", from, to, dropped: 7, why: "overload" });
  assert.equal(session.figures().gaps, 1);
});

test("writes take effect in the order of their arrival, across controls", async () => {
  const stage = recorded(TEN);
  const { session } = await stage.attached();
  const writes = [
    session.write("pos", "end"),
    session.write("start", at(30)),
    session.write("pos", "beginning"),
    session.write("pos", 1),
    session.write("end", at(20)),
    session.write("start", "unbounded"),
    session.write("end", at(20)),
  ];
  const results = (await Promise.allSettled(writes)).map((one) =>
    one.status === "fulfilled" ? one.value : (one.reason as Error).message,
  );
  assert.deepEqual(results, [
    at(90),
    at(30),
    "2026-01-01T00:00:29.999999Z",
    at(30),
    `${at(20)} is not a valid bound: start would be after end`,
    "Unbounded",
    at(20),
  ]);
  assert.equal(session.read("pos"), "2025-12-31T23:59:59.999999Z");
});

test("case 23: a stream that is too far behind at a paced speed is closed, the others are on time", async () => {
  const stage = recorded(TEN);
  const { session, sink } = await stage.attached();
  const slow = new KeepingSink();
  session.attach(slow);
  await session.write("state", "play");
  await stage.pass(15);
  slow.behind = (8 << 20) + 1;
  await stage.pass(100);
  assert.deepEqual(sink.batches, TEN);
  assert.deepEqual(slow.batches, [0, 10, 20]);
  assert.deepEqual(slow.shown.at(-1), { type: "error", error: "slow consumer" });
  assert.equal(session.figures().slow_streams_closed, 1);
  assert.equal(session.figures().lateness_us.max, 0);
  assert.equal(session.streams, 1);
});

test("case 23: unlimited waits for the slowest stream, and closes nobody", async () => {
  const stage = recorded(TEN);
  const { session, sink } = await stage.attached({ speed: "unlimited" });
  const slow = new KeepingSink();
  const attachment = session.attach(slow);
  await stage.settle();
  slow.behind = 100 << 20;
  await session.write("state", "play");
  await stage.settle();
  assert.deepEqual(sink.batches, []);
  slow.behind = 0;
  attachment.onRoom();
  await stage.settle();
  assert.deepEqual(sink.batches, TEN);
  assert.deepEqual(slow.batches, TEN);
  assert.equal(session.figures().slow_streams_closed, 0);
});

test("a stream's own filter narrows its images and batches only; batches without a match are not sent", async () => {
  const stage = new Stage();
  stage.record(0, "/a/x", "/b/x");
  stage.record(1, "/b/x");
  stage.record(2, "/c");
  const { session, sink } = await stage.attached({
    filter: ["/a/**", "/b/**"],
    speed: "unlimited",
  });
  const narrow = new KeepingSink();
  session.attach(narrow, { matches: (path) => path.startsWith("/a") || path === "/c" });
  await session.write("state", "play");
  await stage.settle();
  assert.deepEqual(sink.batches, [0, 1]);
  assert.deepEqual(narrow.batches, [0]);
  assert.deepEqual(narrow.images[0]?.events, [{ kind: "none", path: "/a/x" }]);
  assert.deepEqual(sink.images[0]?.events.length, 2);
});

test("a clock that stands between batches lets nobody wait: sending is due at its instant", async () => {
  const stage = recorded([0, 1]);
  const { session } = await stage.attached({ state: "play" });
  await stage.pass(0);
  assert.equal(stage.wake.next(), nanos(1 * NS));
  await session.write("state", "pause");
  assert.equal(stage.wake.next(), Number.POSITIVE_INFINITY);
});

test("case 24: the published histogram has every batch at its lateness, and so have the figures", async () => {
  const stage = recorded(TEN);
  const { session } = await stage.attached();
  await session.write("state", "play");
  await stage.pass(0);
  const slept = [12, 8, 10.5, 9.5, 13, 7, 10, 10, 10];
  for (const seconds of slept) {
    stage.wake.sleepThrough(seconds);
    await stage.pass(0);
  }
  const late = [0, 2, 0, 0.5, 0, 3, 0, 0, 0, 0].toSorted((a, b) => a - b);
  const published = decodeHdr(session.histogram());
  const figures = session.figures();
  assert.equal(published.total, TEN.length);
  assert.equal(figures.lateness_us.count, TEN.length);
  for (const [percentile, rank, figure] of [
    [50, 4, figures.lateness_us.p50],
    [90, 8, figures.lateness_us.p90],
    [99, 9, figures.lateness_us.p99],
  ] as const) {
    const seconds = late[rank] as number;
    assert.ok(Math.abs(valueAtPercentile(published, percentile) / 1e9 - seconds) <= seconds / 1000);
    assert.ok(Math.abs((figure ?? Number.NaN) / 1e6 - seconds) <= seconds / 1000);
  }
  assert.equal(figures.drift_us, 0);
});
