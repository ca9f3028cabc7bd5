import assert from "node:assert/strict";
import { renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { LogIOError } from "../../../src/playback/message-log/log-io-error.ts";
import { messageType } from "../../../src/playback/message-log/payload.ts";
import { ReadFile } from "../../../src/playback/message-log/read-file.ts";
import { folder, itemsOf, readAll, sampleDirectory, writeLog } from "./sample-logs.ts";

const BLOCK = `#${"-".repeat(65)}`;

const header = (fields: { version?: string; created?: string; type?: string } = {}): string =>
  [
    BLOCK,
    "# MCL_LOG",
    `#     -- version     ${fields.version ?? "1.0"}`,
    "#     -- revision    a83b0e4",
    `#     -- created     ${fields.created ?? "2015-03-04 05:06:07.250000"}`,
    "#",
    "# Columns: time, topic, payload.",
    `#      >>> ${fields.type ?? "GnssMessage"}`,
    "#",
    "#   <Time>    <Topic>     <Payload>",
    BLOCK,
    "",
  ].join("\n");

/** As the original program writes them: Python's str.format with the columns of the format. */
const ORIGINAL =
  `${header()}     0.00000    ''          83a46e616d65a34e6f76a374786101a46c6973749301 c0\n`
    .replace("01 c0", "01c0c3")
    .concat(
      "     0.52000    'gps'       cf0000010000000000\n   123.45678    'a long topic'    a3616263\n",
    );

function fileWith(t: TestContext, text: string): string {
  const file = join(folder(t), "file.log");
  writeFileSync(file, text);
  return file;
}

test("files by the original program read equal", (t) => {
  const reader = new ReadFile(fileWith(t, ORIGINAL));
  assert.deepEqual(reader.header, {
    version: "1.0",
    revision: "a83b0e4",
    timeOrigin: Date.UTC(2015, 2, 4, 5, 6, 7) * 1000 + 250_000,
    type: "GnssMessage",
  });
  assert.deepEqual(reader.messageTypes, ["GnssMessage"]);
  const type = "GnssMessage";
  assert.deepEqual(readAll(reader), [
    { elapsed_time: 0, topic: "", payload: { name: "Nov", txa: 1, list: [1, null, true] }, type },
    { elapsed_time: 0.52, topic: "gps", payload: 2 ** 40, type },
    { elapsed_time: 123.45678, topic: "a long topic", payload: "abc", type },
  ]);
});

test("lines that end with CR LF, free blanks, digits without fraction, capitals", (t) => {
  const text = `${header().replaceAll("\n", "\r\n")}1 'x' A3414243\r\n\t2.5\t'y z'\t01  \r\n`;
  assert.deepEqual(
    readAll(new ReadFile(fileWith(t, text))).map(({ elapsed_time, topic, payload }) => [
      elapsed_time,
      topic,
      payload,
    ]),
    [
      [1, "x", "ABC"],
      [2.5, "y z", 1],
    ],
  );
});

describe("a header that cannot be", () => {
  const broken: readonly [why: string, text: string, message: RegExp][] = [
    ["another format", header().replace("MCL_LOG", "MCL_TRACE"), /MCL_LOG/],
    ["another major version", header({ version: "2.0" }), /version 2\.0/],
    ["no version", header().replace(/.*version.*\n/, ""), /version/],
    ["no revision", header().replace(/.*revision.*\n/, ""), /revision/],
    ["no time", header().replace(/.*created.*\n/, ""), /created/],
    ["a day that does not exist", header({ created: "2015-02-31 00:00:00" }), /created/],
    ["no type", header().replace(/.*>>>.*\n/, ""), />>>/],
    [
      "no end",
      header()
        .slice(0, 300)
        .replace(/\n[^\n]*$/, "\n"),
      /block line at its end/,
    ],
    ["no block line", "# hello\n", /block line/],
  ];
  for (const [why, text, message] of broken) {
    test(why, (t) => {
      const file = fileWith(t, text);
      assert.throws(
        () => new ReadFile(file),
        (error) =>
          error instanceof LogIOError && error.code === "EFORMAT" && message.test(error.message),
      );
    });
  }
  test("a later minor version is read", (t) => {
    assert.equal(new ReadFile(fileWith(t, header({ version: "1.7" }))).header?.version, "1.7");
  });
});

test("raw payloads", (t) => {
  const directory = folder(t);
  writeLog(directory, {
    type: null,
    items: [{ elapsed_time: 0, topic: "", payload: Buffer.from([0, 255]) }],
  });
  const reader = new ReadFile(join(directory, "raw.log"));
  assert.equal(reader.header?.type, null);
  assert.deepEqual(reader.messageTypes, []);
  assert.deepEqual(readAll(reader), [
    { elapsed_time: 0, topic: "", payload: Buffer.from([0, 255]) },
  ]);
  assert.throws(() => new ReadFile(join(directory, "raw.log"), { message: true }), TypeError);
});

test("a single file; data pending until the last item; null for ever after", (t) => {
  const reader = new ReadFile(join(sampleDirectory(t), "A.log"));
  for (const expected of itemsOf("A")) {
    assert.equal(reader.isDataPending(), true);
    assert.deepEqual(reader.read(), expected);
  }
  assert.equal(reader.isDataPending(), false);
  assert.deepEqual([reader.read(), reader.read()], [null, null]);
  reader.reset();
  assert.equal(reader.isDataPending(), true);
  assert.deepEqual(readAll(reader), itemsOf("A"), "reset goes back to the first item");
});

describe("windows", () => {
  const windows: readonly [
    limits: { minTime?: number; maxTime?: number },
    times: readonly number[],
  ][] = [
    [{ minTime: 0.035, maxTime: 0.085 }, [0.04, 0.05, 0.06, 0.07, 0.08]],
    [{ minTime: 0.04, maxTime: 0.06 }, [0.04, 0.05, 0.06]],
    [{ minTime: 0.08 }, [0.08, 0.09]],
    [{ maxTime: 0 }, [0]],
    [{ minTime: 0, maxTime: 0.01 }, [0, 0.01]],
    [{ minTime: 5 }, []],
  ];
  for (const [limits, times] of windows) {
    test(JSON.stringify(limits), (t) => {
      const reader = new ReadFile(join(sampleDirectory(t), "A.log"), limits);
      assert.equal(reader.minTime, limits.minTime ?? null);
      assert.equal(reader.maxTime, limits.maxTime ?? null);
      assert.equal(reader.isDataPending(), times.length > 0);
      assert.deepEqual(
        readAll(reader).map((item) => item.elapsed_time),
        times,
      );
      reader.reset();
      assert.deepEqual(
        readAll(reader).map((item) => item.elapsed_time),
        times,
      );
    });
  }
  const refused = [-1, Number.NaN, Number.POSITIVE_INFINITY, "1"] as never[];
  for (const limit of refused) {
    test(`a limit of ${String(limit)} is refused`, (t) => {
      const file = join(sampleDirectory(t), "A.log");
      assert.throws(() => new ReadFile(file, { minTime: limit }), TypeError);
      assert.throws(() => new ReadFile(file, { maxTime: limit }), TypeError);
    });
  }
  test("a window the wrong way round is refused", (t) => {
    const file = join(sampleDirectory(t), "A.log");
    assert.throws(() => new ReadFile(file, { minTime: 2, maxTime: 1 }), RangeError);
  });
  test("the first item past maxTime ends the reading", (t) => {
    const text = `${header()} 1.0 '' 01\n 3.0 '' 02\n 1.5 '' 03\n`;
    const reader = new ReadFile(fileWith(t, text), { maxTime: 2 });
    assert.deepEqual(
      readAll(reader).map(({ payload }) => payload),
      [1],
    );
  });
});

test("with message: true the payload carries its type", (t) => {
  const reader = new ReadFile(join(sampleDirectory(t), "A.log"), { message: true });
  const item = reader.read();
  const payload = item?.payload as { [messageType]?: string } | undefined;
  assert.equal(payload?.[messageType], "A");
  assert.deepEqual(item, itemsOf("A")[0], "and is otherwise the same");
  const list = new ReadFile(fileWith(t, `${header()} 1.0 '' 9101\n`), { message: true });
  assert.throws(() => list.read(), /no message/);
});

test("reading splits by prefix, until a number is missing", (t) => {
  const directory = sampleDirectory(t, { maxEntries: 3 });
  assert.deepEqual(readAll(new ReadFile(join(directory, "A"))), itemsOf("A"));
  renameSync(join(directory, "A_002.log"), join(directory, "other"));
  assert.deepEqual(readAll(new ReadFile(join(directory, "A"))), itemsOf("A").slice(0, 6));
});

test("one split without a header", (t) => {
  const directory = sampleDirectory(t, { maxEntries: 3 });
  const reader = new ReadFile(join(directory, "A_001.log"));
  assert.equal(reader.header, null);
  assert.deepEqual(
    readAll(reader),
    itemsOf("A")
      .slice(3, 6)
      .map(({ type, ...item }) => item),
  );
});

test("splits that repeat the header are read, too", (t) => {
  const directory = folder(t);
  for (const number of [0, 1]) {
    writeFileSync(join(directory, `X_00${number}.log`), `${header()} ${number}.0 '' 0${number}\n`);
  }
  assert.deepEqual(
    readAll(new ReadFile(join(directory, "X"))).map(({ payload }) => payload),
    [0, 1],
  );
});

test("what is missing is told with its code", (t) => {
  const directory = folder(t);
  for (const path of ["x.log", "prefix"]) {
    assert.throws(
      () => new ReadFile(join(directory, path)),
      (error) => error instanceof LogIOError && error.code === "ENOENT",
    );
  }
});

test("a log that is taken away while it is read: what was read of it is given, and then the error", (t) => {
  const directory = sampleDirectory(t);
  const reader = new ReadFile(join(directory, "A.log"));
  assert.deepEqual(reader.read(), itemsOf("A")[0]);
  rmSync(join(directory, "A.log"));
  for (const item of itemsOf("A").slice(1)) assert.deepEqual(reader.read(), item);
  assert.throws(
    () => reader.read(),
    (error) => error instanceof LogIOError && error.code === "ENOENT",
  );
  assert.equal(reader.read(), null);
});

describe("a line that cannot be read is an error that names it, and the next ones are read", () => {
  const lines: readonly [why: string, line: string | Buffer][] = [
    ["no time", "   x    'a'    01"],
    ["a negative time", "   -1.0    'a'    01"],
    ["no topic", "   1.0    01"],
    ["a topic that is not closed", "   1.0    'a    01"],
    ["a topic that is not UTF-8", Buffer.from([0x31, 0x20, 0x27, 0xff, 0x27, 0x20, 0x30, 0x31])],
    ["an odd number of digits", "   1.0    'a'    011"],
    ["letters that are no digits", "   1.0    'a'    0g"],
    ["no blank behind the topic", "   1.0    'a'01"],
    ["no MessagePack value", "   1.0    'a'    c1"],
    ["half a MessagePack value", "   1.0    'a'    92"],
    ["two MessagePack values", "   1.0    'a'    0101"],
    ["no payload", "   1.0    'a'    "],
    ["a comment", "# comment"],
  ];
  for (const [why, line] of lines) {
    test(why, (t) => {
      const file = join(folder(t), "f.log");
      writeFileSync(
        file,
        Buffer.concat([
          Buffer.from(`${header()} 0.5 'b' 01\n`),
          Buffer.from(line),
          Buffer.from("\n 1.5 'c' 02\n"),
        ]),
      );
      const reader = new ReadFile(file);
      assert.equal(reader.read()?.topic, "b");
      assert.equal(reader.isDataPending(), true);
      assert.throws(
        () => reader.read(),
        (error) =>
          error instanceof LogIOError &&
          error.code === "EFORMAT" &&
          error.file === file &&
          error.line === 13 &&
          error.text !== undefined,
      );
      assert.equal(reader.read()?.topic, "c");
      assert.equal(reader.read(), null);
    });
  }
});

test("entries of many chunks, and lines longer than one", (t) => {
  const directory = folder(t);
  const items = Array.from({ length: 3000 }, (_, index) => ({
    elapsed_time: index / 100,
    topic: "",
    payload: index % 1000 === 0 ? "x".repeat(200_000) : index,
    type: "A",
  }));
  writeLog(directory, { type: "A", items });
  assert.deepEqual(readAll(new ReadFile(join(directory, "A.log"))), items);
});
