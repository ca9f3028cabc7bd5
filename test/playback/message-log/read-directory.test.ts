import assert from "node:assert/strict";
import { renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { LogIOError } from "../../../src/playback/message-log/log-io-error.ts";
import { ReadDirectory } from "../../../src/playback/message-log/read-directory.ts";
import {
  allItems,
  folder,
  itemsOf,
  ORIGIN,
  readAll,
  sampleDirectory,
  writeLog,
} from "./sample-logs.ts";

const timesOf = (reader: ReadDirectory): number[] =>
  readAll(reader).map((item) => item.elapsed_time);

test("both files in merged order; fields; reset", (t) => {
  const reader = new ReadDirectory(sampleDirectory(t));
  assert.deepEqual(reader.messageTypes, ["A", "B"]);
  assert.equal(reader.header?.timeOrigin, ORIGIN.getTime() * 1000);
  assert.deepEqual([reader.minTime, reader.maxTime], [null, null]);
  assert.deepEqual(readAll(reader), allItems());
  assert.equal(reader.isDataPending(), false);
  reader.reset();
  assert.equal(reader.isDataPending(), true);
  assert.deepEqual(readAll(reader), allItems());
});

test("windows across both files in merged order", (t) => {
  const directory = sampleDirectory(t);
  assert.deepEqual(
    timesOf(new ReadDirectory(directory, { minTime: 0.075, maxTime: 0.25 })),
    [0.08, 0.09, 0.1, 0.2],
  );
  assert.deepEqual(timesOf(new ReadDirectory(directory, { maxTime: 0 })), [0]);
});

test("ties by file name, then by line; a log whose times go back keeps its lines' order", (t) => {
  const directory = folder(t);
  const item = (elapsed_time: number, payload: unknown) => ({ elapsed_time, topic: "", payload });
  writeLog(directory, {
    type: "b",
    items: [item(1, "b1"), item(1, "b2"), item(0.5, "b3"), item(3, "b4")],
  });
  writeLog(directory, { type: "a", items: [item(1, "a1"), item(2, "a2")] });
  const payloads = readAll(new ReadDirectory(directory)).map(({ payload }) => payload);
  assert.deepEqual(payloads, ["a1", "b1", "b2", "b3", "a2", "b4"]);
});

test("inconsistent origins refused, both files named", (t) => {
  const directory = sampleDirectory(t);
  writeLog(directory, { type: "C", items: itemsOf("A"), timeOrigin: 5e15 });
  assert.throws(
    () => new ReadDirectory(directory),
    (error) =>
      error instanceof RangeError &&
      /inconsistent header blocks.*A\.log.*C\.log/.test(error.message),
  );
});

test("splitting the files of a directory changes no order", (t) => {
  const whole = readAll(new ReadDirectory(sampleDirectory(t)));
  assert.deepEqual(readAll(new ReadDirectory(sampleDirectory(t, { maxEntries: 3 }))), whole);
  assert.deepEqual(readAll(new ReadDirectory(sampleDirectory(t, { maxTime: 0.05 }))), whole);
});

test("type names with underscores and digits are no splits unless there is a first one", (t) => {
  const directory = folder(t);
  const items = itemsOf("A").slice(0, 1);
  for (const type of ["Image_640", "Image_480", "Gps_01", "Odometry_data"])
    writeLog(directory, { type, items });
  writeLog(directory, { type: "Wheel_left", items: itemsOf("A"), maxEntries: 6 });
  const reader = new ReadDirectory(directory);
  assert.deepEqual(reader.messageTypes, [
    "Gps_01",
    "Image_480",
    "Image_640",
    "Odometry_data",
    "Wheel_left",
  ]);
  assert.equal(readAll(reader).length, 14);
});

test("a split that is missing is an error, not a shorter log", (t) => {
  const directory = sampleDirectory(t, { maxEntries: 3 });
  renameSync(join(directory, "A_001.log"), join(directory, "gone"));
  assert.throws(
    () => new ReadDirectory(directory),
    /A_002\.log: the split before it, number 1, is missing/,
  );
});

describe("raw logs", () => {
  const rawAndTyped = (directory: string): string => {
    writeLog(directory, {
      type: null,
      items: [{ elapsed_time: 0.005, topic: "r", payload: Buffer.from("x") }],
    });
    return directory;
  };
  test("are passed over unless asked for", (t) => {
    const reader = new ReadDirectory(rawAndTyped(sampleDirectory(t)));
    assert.deepEqual(readAll(reader), allItems());
    assert.equal(reader.rawLogs.length, 1);
  });
  test("are read with ignoreRaw: false and message: false", (t) => {
    const reader = new ReadDirectory(rawAndTyped(sampleDirectory(t)), {
      ignoreRaw: false,
      message: false,
    });
    const items = readAll(reader);
    assert.equal(items.length, 21);
    assert.deepEqual(items[1], { elapsed_time: 0.005, topic: "r", payload: Buffer.from("x") });
  });
  test("are refused as messages", (t) => {
    const directory = rawAndTyped(sampleDirectory(t));
    assert.throws(() => new ReadDirectory(directory, { ignoreRaw: false }), TypeError);
    assert.throws(
      () => new ReadDirectory(directory, { ignoreRaw: false, message: true }),
      TypeError,
    );
  });
});

test("topics are chosen by globs; * stops at a slash", (t) => {
  const directory = folder(t);
  const items = ["gps", "gps/a", "gps/a/b", "/imu/a", ""].map((topic, index) => ({
    elapsed_time: index,
    topic,
    payload: 1,
  }));
  writeLog(directory, { type: "A", items });
  const chosen = (...topics: string[]) =>
    readAll(new ReadDirectory(directory, { topics })).map(({ topic }) => topic);
  assert.deepEqual(chosen("gps/*"), ["gps/a"]);
  assert.deepEqual(chosen("gps/**"), ["gps/a", "gps/a/b"]);
  assert.deepEqual(chosen("*"), ["gps", ""]);
  assert.deepEqual(chosen("imu/*", "gps"), ["gps", "/imu/a"]);
  assert.throws(() => new ReadDirectory(directory, { topics: ["[a"] }), TypeError);
});

test("what is missing or has no header is told with its code", (t) => {
  const directory = folder(t);
  const code = (expected: string) => (error: unknown) =>
    error instanceof LogIOError && error.code === expected;
  assert.throws(() => new ReadDirectory(join(directory, "none")), code("ENOENT"));
  assert.throws(() => new ReadDirectory(directory), code("ENOENT"));
  writeFileSync(join(directory, "x.log"), "   0.0    ''    01\n");
  assert.throws(() => new ReadDirectory(directory), code("EFORMAT"));
});
