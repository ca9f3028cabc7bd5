import assert from "node:assert/strict";
import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { BufferData } from "../../../src/playback/message-log/buffer-data.ts";
import { LogIOError } from "../../../src/playback/message-log/log-io-error.ts";
import type { LogItem, LogReader } from "../../../src/playback/message-log/log-item.ts";
import { MessageQueue } from "../../../src/playback/message-log/message-queue.ts";
import { ReadDirectory } from "../../../src/playback/message-log/read-directory.ts";
import { Replay, type ReplayOptions } from "../../../src/playback/message-log/replay.ts";
import { ScheduleBroadcasts } from "../../../src/playback/message-log/schedule-broadcasts.ts";
import { ManualWakeClock } from "../../fakes/manual-wake-clock.ts";
import { allItems, folder, listReader, sampleDirectory, until } from "./sample-logs.ts";

const MS = 1e6;
const SECOND = 1e9;

/** A replay on a clock that the test moves, with what was sent and when. */
function staged(
  t: TestContext,
  reader: LogReader,
  options: Omit<ReplayOptions, "clock" | "hooks"> & {
    speed?: number;
    onItem?: (item: LogItem) => unknown;
  } = {},
) {
  const clock = new ManualWakeClock();
  const sent: LogItem[] = [];
  const times: number[] = [];
  const { speed = 1, onItem, ...rest } = options;
  const replay = new Replay(reader, speed, {
    ...rest,
    clock,
    hooks: (item) => {
      sent.push(item);
      times.push(Math.round(clock.now() / MS));
      return onItem?.(item);
    },
  });
  t.after(() => replay.close());
  /** Moves on to where the next message is due. */
  const next = async (): Promise<void> => {
    await until(() => clock.next() < Infinity || !replay.isAlive(), "a due time");
    // It may have ended while we waited: then nothing will ever be due.
    if (clock.next() < Infinity) await clock.advanceTo(clock.next());
  };
  const toEnd = async (): Promise<void> => {
    while (replay.isAlive()) await next();
    await replay.done();
  };
  return { clock, replay, sent, times, next, toEnd };
}

describe("scheduler", () => {
  test("only a queue will do, and a speed that is a number above 0", () => {
    assert.throws(() => new ScheduleBroadcasts([] as never), TypeError);
    assert.throws(() => new ScheduleBroadcasts({ get() {} } as never), TypeError);
    for (const speed of [0, -1, "1", Number.NaN, Infinity] as never[]) {
      assert.throws(() => new ScheduleBroadcasts(new MessageQueue(), speed), TypeError);
      const schedule = new ScheduleBroadcasts(new MessageQueue(), 2);
      assert.throws(() => {
        schedule.speed = speed;
      }, TypeError);
      assert.equal(schedule.speed, 2, "unchanged");
    }
    assert.throws(
      () => new ScheduleBroadcasts(new MessageQueue(), 1, { sink: {} as never }),
      TypeError,
    );
    assert.throws(
      () => new ScheduleBroadcasts(new MessageQueue(), 1, { hooks: 5 as never }),
      TypeError,
    );
  });

  test("one item is delivered unchanged; start and stop say whether they did; the end is told", async () => {
    const queue = new MessageQueue(5);
    const item = {
      elapsed_time: 0.01,
      topic: "a/b",
      payload: { list: [1, "x", null], bytes: 2 ** 40 },
      type: "T",
    };
    const sent: LogItem[] = [];
    const schedule = new ScheduleBroadcasts(queue, 1, { hooks: (got) => sent.push(got) });
    const ended = new Promise((resolve) => schedule.on("end", () => resolve(true)));
    assert.equal(schedule.stop(), false);
    assert.equal(queue.put(item), true);
    assert.deepEqual(
      [schedule.isAlive(), schedule.start(), schedule.start(), schedule.isAlive()],
      [false, true, false, true],
    );
    await ended;
    assert.deepEqual(sent, [item]);
    assert.deepEqual(
      [schedule.isAlive(), schedule.stop(), schedule.stats().sent],
      [false, false, 1],
    );
    assert.equal(schedule.queue, queue);
  });

  test("a queue that is filled by hand refuses more than its length, and takes nothing when a buffer fills it", () => {
    const queue = new MessageQueue(2);
    const item = { elapsed_time: 0, topic: "", payload: 0 };
    assert.deepEqual(
      [queue.put(item), queue.put(item), queue.put(item), queue.isFull],
      [true, true, false, true],
    );
    assert.throws(() => new BufferData(listReader([])).queue.put(item), TypeError);
    assert.throws(() => queue.put({} as never), TypeError);
  });

  test("an item in hand at a stop stays first in line; after it the rest of the gap is kept", async () => {
    const clock = new ManualWakeClock();
    const queue = new MessageQueue();
    for (const elapsed_time of [0, 1, 2])
      queue.put({ elapsed_time, topic: "", payload: elapsed_time });
    const times: [unknown, number][] = [];
    const schedule = new ScheduleBroadcasts(queue, 1, {
      clock,
      hooks: ({ payload }) => times.push([payload, clock.now() / SECOND]),
    });
    schedule.start();
    await clock.advanceTo(0.5 * SECOND);
    assert.equal(schedule.stop(), true);
    assert.equal(queue.size, 2);
    await clock.advanceTo(5 * SECOND);
    schedule.start();
    await until(() => clock.next() < Infinity);
    await clock.advanceTo(20 * SECOND);
    assert.deepEqual(times, [
      [0, 0],
      [1, 5.5],
      [2, 6.5],
    ]);
    schedule.stop();
  });
});

describe("all 20 items arrive, in order", () => {
  for (const [speed, seconds] of [
    [1, 1],
    [2, 0.5],
  ] as const) {
    test(`at speed ${speed} the run lasts ${seconds} s, as the real clock has it`, async (t) => {
      const sent: LogItem[] = [];
      const replay = new Replay(new ReadDirectory(sampleDirectory(t)), speed, {
        hooks: (item) => sent.push(item),
      });
      t.after(() => replay.close());
      replay.start();
      const { duration, sent: count, drift, lateness } = await replay.done();
      assert.deepEqual(sent, allItems());
      assert.equal(count, 20);
      assert.ok(duration >= seconds * 0.95, `${duration} s`);
      assert.ok(drift !== null && lateness.p50 !== null);
    });
    test(`at speed ${speed} each comes at its time`, async (t) => {
      const { replay, times, toEnd } = staged(t, listReader(allItems()), { speed });
      replay.start();
      await toEnd();
      assert.deepEqual(
        times,
        allItems().map((item) => Math.round((item.elapsed_time * 1000) / speed)),
      );
      assert.equal(replay.stats().lateness.max, 0);
    });
  }
});

describe("replay: construction", () => {
  test("bad reader and speed refused", () => {
    assert.throws(() => new Replay({} as never), TypeError);
    assert.throws(() => new Replay(undefined as never), TypeError);
    for (const speed of [0, -1, "fast", Number.NaN] as never[]) {
      assert.throws(() => new Replay(listReader([]), speed), TypeError);
    }
    assert.throws(() => new Replay({ source: "/no/such/directory" }), LogIOError);
  });
  test("a directory by its path", async (t) => {
    const replay = new Replay({ source: sampleDirectory(t) }, 1000);
    t.after(() => replay.close());
    replay.start();
    assert.equal((await replay.done()).sent, 20);
  });
});

// Every cell of the table of states: what a call says, what it leads to, and what comes next.
describe("replay: every cell of the table of states", () => {
  type State = "new" | "running" | "paused" | "finished" | "stopped";
  type Call = "start" | "pause" | "stop";
  const cells: readonly [
    state: State,
    call: Call,
    says: boolean,
    alive: boolean,
    next: number | "nothing",
  ][] = [
    ["new", "start", true, true, 0],
    ["new", "pause", false, false, "nothing"],
    ["new", "stop", false, false, "nothing"],
    ["running", "start", false, true, 5],
    ["running", "pause", true, false, "nothing"],
    ["running", "stop", true, false, "nothing"],
    ["paused", "start", true, true, 5],
    ["paused", "pause", false, false, "nothing"],
    ["paused", "stop", false, false, "nothing"],
    ["finished", "start", true, true, 0],
    ["finished", "pause", false, false, "nothing"],
    ["finished", "stop", false, false, "nothing"],
    ["stopped", "start", true, true, 0],
    ["stopped", "pause", false, false, "nothing"],
    ["stopped", "stop", false, false, "nothing"],
  ];
  const bring = async (stage: ReturnType<typeof staged>, state: State): Promise<void> => {
    if (state === "new") return;
    stage.replay.start();
    if (state === "finished") return stage.toEnd();
    while (stage.sent.length < 5) await stage.next();
    if (state === "paused") stage.replay.pause();
    if (state === "stopped") stage.replay.stop();
  };
  for (const [state, call, says, alive, next] of cells) {
    test(`${state}: ${call}() is ${says}`, async (t) => {
      const stage = staged(t, new ReadDirectory(sampleDirectory(t)), { length: 8 });
      await bring(stage, state);
      const { replay, sent } = stage;
      const before = sent.length;
      assert.equal(replay[call](), says);
      assert.equal(replay.isAlive(), alive);
      if (next === "nothing") {
        await stage.clock.advance(SECOND);
        assert.equal(sent.length, before);
        if (call === "stop" && state !== "new" && state !== "finished") {
          assert.deepEqual(
            [replay.queue.size, replay.isDataPending()],
            [0, true],
            "back to the beginning",
          );
        }
        return;
      }
      await stage.toEnd();
      assert.deepEqual(sent.slice(before), allItems().slice(next));
    });
  }

  test("paused, then stop: position goes back to the beginning", async (t) => {
    const stage = staged(t, new ReadDirectory(sampleDirectory(t)));
    await bring(stage, "paused");
    assert.equal(stage.replay.stop(), false);
    stage.replay.start();
    await stage.toEnd();
    assert.deepEqual(stage.sent, [...allItems().slice(0, 5), ...allItems()]);
  });

  test("reset is valid in every state and leads to the beginning", async (t) => {
    for (const state of ["new", "running", "paused", "finished", "stopped"] as const) {
      const stage = staged(t, new ReadDirectory(sampleDirectory(t)));
      await bring(stage, state);
      const before = stage.sent.length;
      assert.equal(stage.replay.reset(), undefined);
      assert.deepEqual(
        [stage.replay.isAlive(), stage.replay.queue.size, stage.replay.isDataPending()],
        [false, 0, true],
        state,
      );
      stage.replay.start();
      await stage.toEnd();
      assert.deepEqual(stage.sent.slice(before), allItems(), state);
    }
  });

  test("done settles at the end and at a stop, not at a pause", async (t) => {
    const stage = staged(t, listReader(allItems()));
    stage.replay.start();
    await stage.next();
    let isDone = false;
    const done = stage.replay.done().then(() => {
      isDone = true;
    });
    stage.replay.pause();
    await new Promise((resolve) => setTimeout(resolve, 20));
    assert.equal(isDone, false);
    stage.replay.stop();
    await done;
    stage.replay.start();
    await stage.toEnd();
    assert.equal((await stage.replay.done()).sent, 20, "figures begin anew");
  });

  test("a reader that cannot go back is replayed once", async (t) => {
    const { reset, ...once } = listReader(allItems());
    const stage = staged(t, once);
    stage.replay.start();
    await stage.toEnd();
    assert.equal(stage.replay.start(), false);
    assert.equal(stage.sent.length, 20);
  });
});

test("a reset keeps the queue object; stopped and started twenty times, it begins with the first item each time and nothing is left over", async (t) => {
  const stage = staged(t, new ReadDirectory(sampleDirectory(t)), { length: 6 });
  const { queue } = stage.replay;
  for (let round = 0; round < 20; round++) {
    stage.sent.length = 0;
    assert.equal(stage.replay.start(), true);
    while (stage.sent.length < 1 + (round % 13)) await stage.next();
    assert.equal(stage.replay.stop(), true);
    assert.deepEqual(stage.sent, allItems().slice(0, stage.sent.length), `round ${round}`);
  }
  assert.equal(stage.replay.queue, queue);
});

describe("no loss and no repetition", () => {
  const numbers = (count: number): LogItem[] =>
    Array.from({ length: count }, (_, index) => ({
      elapsed_time: index / 1000,
      topic: "count",
      payload: index,
    }));
  test("with a reader too slow for the speed", async () => {
    const sent: unknown[] = [];
    const module = new URL("./sample-reader.ts", import.meta.url);
    const replay = new Replay({ module, export: "SlowReader", args: [60] }, 1, {
      length: 5,
      hooks: ({ payload }) => sent.push(payload),
    });
    replay.start();
    await replay.done();
    await replay.close();
    assert.deepEqual(
      sent,
      numbers(60).map(({ payload }) => payload),
    );
  });
  test("with a reader that is held up: what it has read is sent meanwhile", async () => {
    const times: number[] = [];
    const module = new URL("./sample-reader.ts", import.meta.url);
    const replay = new Replay({ module, export: "HaltingReader", args: [12] }, 1, {
      length: 4,
      hooks: ({ payload }) => {
        assert.equal(payload, times.length);
        times.push(performance.now());
      },
    });
    replay.start();
    await replay.done();
    await replay.close();
    assert.equal(times.length, 12);
    const gaps = times.slice(1).map((time, index) => time - (times[index] as number));
    for (const before of [3, 7]) assert.ok((gaps[before] as number) > 150, `gaps: ${gaps}`);
  });
  test("with a queue of length 1, filled from logs by the reader thread", async (t) => {
    const sent: LogItem[] = [];
    const replay = new Replay({ source: sampleDirectory(t) }, 100, {
      length: 1,
      hooks: (item) => sent.push(item),
    });
    replay.start();
    await replay.done();
    await replay.close();
    assert.deepEqual(sent, allItems());
  });
  test("100,000 items at 100 times their 1,000 a second: each once, in order, in no less than their time", async (t) => {
    const module = new URL("./sample-reader.ts", import.meta.url);
    let next = 0;
    const replay = new Replay({ module, export: "CountingReader", args: [100_000] }, 100, {
      hooks: ({ payload }) => {
        assert.equal(payload, next);
        next++;
      },
    });
    t.after(() => replay.close());
    replay.start();
    const { sent, span, failed, duration } = await replay.done();
    assert.deepEqual([next, sent, span, failed], [100_000, 100_000, 99.999, 0]);
    // The first may be late, and the last one then comes that much sooner after it.
    assert.ok(duration > 0.8, `${duration} s`);
  });
  test("with a queue of length 1", async () => {
    const sent: LogItem[] = [];
    const replay = new Replay(listReader(numbers(300)), 1000, {
      length: 1,
      hooks: (item) => sent.push(item),
    });
    replay.start();
    await replay.done();
    assert.deepEqual(sent, numbers(300));
  });
  test("with pauses at any place", async (t) => {
    const stage = staged(t, listReader(numbers(100)), { length: 7 });
    stage.replay.start();
    for (let pause = 0; pause < 30; pause++) {
      for (let step = 0; step < 1 + (pause % 4) && stage.replay.isAlive(); step++)
        await stage.next();
      if (!stage.replay.pause()) break;
      await stage.clock.advance(7 * MS);
      stage.replay.start();
    }
    await stage.toEnd();
    assert.deepEqual(stage.sent, numbers(100));
  });
});

describe("timing", () => {
  const at = (...times: number[]): LogItem[] =>
    times.map((elapsed_time) => ({ elapsed_time, topic: "", payload: elapsed_time }));

  test("before the first item passes as much time as its stamp says", async (t) => {
    const stage = staged(t, listReader(at(0.5, 0.7)));
    stage.replay.start();
    await stage.toEnd();
    assert.deepEqual(stage.times, [500, 700]);
  });

  test("a window begins without idle time, with its distance from minTime kept", async (t) => {
    const stage = staged(t, new ReadDirectory(sampleDirectory(t), { minTime: 0.25 }));
    stage.replay.start();
    await stage.toEnd();
    assert.deepEqual(stage.times.slice(0, 3), [50, 150, 250]);
  });

  test("resume without idle time: the rest of the gap is kept", async (t) => {
    const stage = staged(t, listReader(at(0, 100, 101)));
    stage.replay.start();
    await until(() => stage.clock.next() < Infinity);
    await stage.clock.advanceTo(99.5 * SECOND);
    stage.replay.pause();
    await stage.clock.advanceTo(500 * SECOND);
    stage.replay.start();
    await stage.toEnd();
    assert.deepEqual(stage.times, [0, 500_500, 501_500]);
  });

  test("speed changed in the middle of a gap: what is left of it runs at the new speed", async (t) => {
    const stage = staged(t, listReader(at(0, 10, 20)));
    stage.replay.start();
    await until(() => stage.clock.next() < Infinity);
    await stage.clock.advanceTo(4 * SECOND);
    stage.replay.speed = 3;
    assert.equal(stage.replay.speed, 3);
    await stage.clock.advanceTo(5 * SECOND);
    stage.replay.speed = 0.5;
    await stage.toEnd();
    assert.deepEqual(stage.times, [0, 11_000, 31_000]);
  });

  test("a time before the one before it is sent at once and counted; what follows keeps its time", async (t) => {
    const stage = staged(t, listReader(at(0, 2, 1, 1.5, 3)));
    stage.replay.start();
    await stage.toEnd();
    assert.deepEqual(stage.times, [0, 2000, 2000, 2000, 3000]);
    assert.equal(stage.replay.stats().negativeGaps, 2);
    assert.equal(stage.replay.stats().lateness.max, 0);
  });

  test("a stall of the sink shows as lateness of later items and leaves no drift", async () => {
    const clock = new ManualWakeClock();
    const times: number[] = [];
    let release = (): void => {};
    const replay = new Replay(listReader(at(0, 0.1, 0.2, 0.3, 0.5)), 1, {
      clock,
      sink: {
        async open() {},
        send({ elapsed_time }) {
          times.push(Math.round(clock.now() / MS));
          if (elapsed_time !== 0.1) return;
          return new Promise((resolve) => {
            release = resolve;
          });
        },
        async close() {},
      },
    });
    replay.start();
    await until(() => clock.next() < Infinity);
    await clock.advanceTo(350 * MS);
    release();
    await until(() => times.length === 4);
    await until(() => clock.next() < Infinity);
    await clock.advanceTo(clock.next());
    const { lateness } = await replay.done();
    assert.deepEqual(times, [0, 100, 350, 350, 500]);
    assert.equal(Math.round((lateness.max ?? 0) * 100), 15);
  });

  test("time begins when the buffer is ready, however slow the reader, which is no error", async (t) => {
    const stage = staged(t, listReader(at(0, 0.1)));
    stage.replay.start();
    await stage.toEnd();
    assert.equal((stage.times[1] ?? 0) - (stage.times[0] ?? 0), 100);
  });
});

test("a malformed line in the middle of a replay: the error is told, and everything else is sent", async (t) => {
  const directory = sampleDirectory(t);
  const file = join(directory, "A.log");
  const lines = readFileSync(file, "utf8").split("\n");
  lines.splice(-4, 0, "   0.06500    'broken");
  writeFileSync(file, lines.join("\n"));
  appendFileSync(file, "   0.09500    ''          c1\n");
  const errors: Error[] = [];
  const sent: LogItem[] = [];
  const replay = new Replay({ source: directory }, 10, { hooks: (item) => sent.push(item) });
  replay.on("error", (error) => errors.push(error));
  replay.start();
  await replay.done();
  await replay.close();
  assert.deepEqual(sent, allItems());
  assert.deepEqual(
    errors.map((error) => error instanceof LogIOError && [error.code, error.file, error.line]),
    [
      ["EFORMAT", file, 22],
      ["EFORMAT", file, 26],
    ],
  );
});

test("leaving the program ends all threads", async (t) => {
  const { spawnSync } = await import("node:child_process");
  const script = join(folder(t), "program.mjs");
  const url = new URL("../../../src/playback/message-log/replay.ts", import.meta.url);
  writeFileSync(
    script,
    `import { Replay } from ${JSON.stringify(url.href)};
     const hooks = () => { replay.pause(); console.log("paused", replay.stats().sent); };
     const replay = new Replay({ source: ${JSON.stringify(sampleDirectory(t))} }, 1, { length: 3, hooks });
     replay.start();`,
  );
  const { status, stdout } = spawnSync(process.execPath, [script], {
    encoding: "utf8",
    timeout: 20_000,
  });
  assert.deepEqual([status, stdout], [0, "paused 1\n"]);
});
