import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import fc from "fast-check";
import { LogIOError } from "../../../src/playback/message-log/log-io-error.ts";
import { ReadFile } from "../../../src/playback/message-log/read-file.ts";
import { WriteFile, type WriteOptions } from "../../../src/playback/message-log/write-file.ts";
import { folder, ORIGIN, readAll } from "./sample-logs.ts";

const at = (seconds: number): number => ORIGIN.getTime() * 1000 + Math.round(seconds * 1e6);

describe("writer: each bad argument refused", () => {
  const bad = (value: unknown) => value as never;
  const refused: readonly [why: string, (directory: string) => WriteFile][] = [
    ["a prefix with an extension", (d) => new WriteFile(join(d, "GPS.log"), "GPS")],
    ["an empty prefix", () => new WriteFile("", "GPS")],
    ["a prefix that is no text", () => new WriteFile(bad(5), "GPS")],
    ["a type that is no text", (d) => new WriteFile(join(d, "x"), bad(5))],
    ["a type that means raw", (d) => new WriteFile(join(d, "x"), "None")],
    ["a type with a line break", (d) => new WriteFile(join(d, "x"), "a\nb")],
    ["a revision that is no text", (d) => new WriteFile(join(d, "x"), "A", { revision: bad(1) })],
    [
      "an origin that is no time",
      (d) => new WriteFile(join(d, "x"), "A", { timeOrigin: Number.NaN }),
    ],
    ["an origin before 1970", (d) => new WriteFile(join(d, "x"), "A", { timeOrigin: -1 })],
    ["no entries per file", (d) => new WriteFile(join(d, "x"), "A", { maxEntries: 0 })],
    ["half an entry per file", (d) => new WriteFile(join(d, "x"), "A", { maxEntries: 1.5 })],
    ["no time per file", (d) => new WriteFile(join(d, "x"), "A", { maxTime: 0 })],
    ["endless time per file", (d) => new WriteFile(join(d, "x"), "A", { maxTime: Infinity })],
  ];
  for (const [why, make] of refused) {
    test(why, (t) => {
      const directory = folder(t);
      assert.throws(() => make(directory), TypeError);
      assert.deepEqual(readdirSync(directory), []);
    });
  }

  test("places where nothing can be written, or something would be overwritten", (t) => {
    const directory = folder(t);
    mkdirSync(join(directory, "is-a-directory"));
    for (const name of ["a.tmp", "b.log", "c_000.log"]) writeFileSync(join(directory, name), "");
    for (const [name, code] of [
      ["is-a-directory", "EISDIR"],
      ["missing/x", "ENOENT"],
      ["a", "EEXIST"],
      ["b", "EEXIST"],
      ["c", "EEXIST"],
    ] as const) {
      assert.throws(
        () => new WriteFile(join(directory, name), "A", name === "c" ? { maxEntries: 1 } : {}),
        (error) => error instanceof LogIOError && error.code === code,
        name,
      );
    }
  });

  test("entries that the format cannot hold", (t) => {
    const writer = new WriteFile(join(folder(t), "A"), "A", { timeOrigin: ORIGIN });
    assert.throws(() => writer.write({ topic: "a\nb", payload: 1 }), TypeError);
    assert.throws(() => writer.write({ topic: "a", payload: () => {} }), TypeError);
    assert.throws(() => writer.write({ topic: "a", payload: 2n ** 65n }), TypeError);
    assert.throws(() => writer.write({ topic: "a", payload: 1 }, at(-1)), RangeError);
    assert.throws(() => writer.write({ topic: "a", payload: 1, elapsed_time: -0.1 }), RangeError);
    const raw = new WriteFile(join(folder(t), "raw"), null);
    assert.throws(() => raw.write({ topic: "a", payload: { a: 1 } }), TypeError);
  });
});

test("writer: .tmp until close, then .log; header fields", (t) => {
  const directory = folder(t);
  const writer = new WriteFile(join(directory, "GPS"), "GPS", {
    revision: "r 42",
    timeOrigin: ORIGIN,
  });
  assert.deepEqual(readdirSync(directory), []);
  writer.write({ topic: "gps", payload: { k: 1 } }, at(0.1));
  assert.deepEqual(readdirSync(directory), ["GPS.tmp"]);
  assert.match(
    readFileSync(join(directory, "GPS.tmp"), "utf8"),
    /\n {5}0\.10000 {4}'gps' {7}81a16b01\n$/,
    "each entry is in the file when write returns",
  );
  writer.close();
  writer.close();
  assert.deepEqual(readdirSync(directory), ["GPS.log"]);
  const { header } = new ReadFile(join(directory, "GPS.log"));
  assert.deepEqual(header, {
    version: "1.0",
    revision: "r 42",
    timeOrigin: at(0),
    type: "GPS",
  });
  assert.throws(() => writer.write({ topic: "", payload: 1 }), TypeError);
});

describe("writer: split by entries, by time, by both", () => {
  const cases: readonly [options: WriteOptions, files: readonly number[]][] = [
    [{ maxEntries: 4 }, [4, 4, 2]],
    [{ maxTime: 0.3 }, [3, 3, 3, 1]],
    [{ maxEntries: 2, maxTime: 0.3 }, [2, 2, 2, 2, 2]],
    [{ maxEntries: 5, maxTime: 0.3 }, [3, 3, 3, 1]],
    [{ maxEntries: 100 }, [10]],
  ];
  for (const [options, expected] of cases) {
    test(JSON.stringify(options), (t) => {
      const directory = folder(t);
      const writer = new WriteFile(join(directory, "A"), "A", { timeOrigin: ORIGIN, ...options });
      for (let index = 0; index < 10; index++)
        writer.write({ topic: "t", payload: index }, at(index / 10));
      writer.close();
      const files = readdirSync(directory).sort();
      assert.deepEqual(
        files,
        expected.map((_, number) => `A_00${number}.log`),
      );
      const entries = files.map((file) => {
        const reader = new ReadFile(join(directory, file));
        assert.equal(reader.header === null, file !== "A_000.log", "header in the first only");
        return readAll(reader).length;
      });
      assert.deepEqual(entries, expected);
      const whole = readAll(new ReadFile(join(directory, "A")));
      assert.deepEqual(
        whole.map(({ payload }) => payload),
        [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
      );
    });
  }
});

test("an entry that the disk has no room for leaves nothing of itself behind", (t) => {
  const directory = folder(t);
  const url = new URL("../../../src/playback/message-log/write-file.ts", import.meta.url).href;
  const script = `import { WriteFile } from ${JSON.stringify(url)};
    const writer = new WriteFile(${JSON.stringify(join(directory, "Full"))}, "Full", { timeOrigin: 0 });
    const codes = new Set();
    let written = 0;
    for (let size = 400; size > 0; size -= 40) {
      try {
        for (;;) { writer.write({ elapsed_time: written, topic: "", payload: "x".repeat(size) }); written++; }
      } catch (error) { codes.add(error.code); }
    }
    writer.close();
    console.log(JSON.stringify({ written, codes: [...codes] }));`;
  // A file of more than 8 KiB is refused, as a full disk refuses it: in the middle of a line.
  const limited = ["-c", 'ulimit -f 8; exec "$0" --input-type=module -e "$1"'];
  const { stdout, stderr } = spawnSync("bash", [...limited, process.execPath, script], {
    encoding: "utf8",
  });
  const { written, codes } = JSON.parse(stdout || stderr);
  assert.deepEqual(codes, ["EFBIG"]);
  assert.equal(readAll(new ReadFile(join(directory, "Full.log"))).length, written);
});

test("the first entry is the origin unless one is given", (t) => {
  const directory = folder(t);
  const writer = new WriteFile(join(directory, "A"), "A");
  writer.write({ topic: "", payload: 1 }, at(7));
  writer.write({ topic: "", payload: 2 }, at(8.5));
  writer.close();
  const reader = new ReadFile(join(directory, "A.log"));
  assert.equal(reader.header?.timeOrigin, at(7));
  assert.deepEqual(
    readAll(reader).map((item) => item.elapsed_time),
    [0, 1.5],
  );
});

const payloads = fc.oneof(
  fc.integer(),
  fc.double({ noNaN: true }).filter((value) => !Object.is(value, -0)),
  fc.string({ unit: "grapheme" }),
  fc
    .bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n })
    .filter((value) => value > 2n ** 53n || value < -(2n ** 53n)),
  fc.array(fc.oneof(fc.integer(), fc.string(), fc.boolean(), fc.constant(null))),
  fc.dictionary(
    fc.string({ maxLength: 10 }).filter((key) => key !== "__proto__"),
    fc.oneof(
      fc.integer(),
      fc.string(),
      fc.dictionary(fc.stringMatching(/^[a-z]+$/), fc.integer(), { noNullPrototype: true }),
    ),
    { noNullPrototype: true },
  ),
);
const topics = fc
  .string({ unit: "grapheme" })
  .filter((topic) => !/[\n\r]/.test(topic) && topic.isWellFormed());

test("files written here read back equal, whatever topics, payloads and times", (t) => {
  const directory = folder(t);
  let number = 0;
  fc.assert(
    fc.property(
      fc.array(fc.record({ ticks: fc.nat({ max: 2 ** 40 }), topic: topics, payload: payloads }), {
        minLength: 1,
        maxLength: 20,
      }),
      fc.option(fc.integer({ min: 1, max: 7 }), { nil: undefined }),
      (entries, maxEntries) => {
        const stem = join(directory, `file${number++}`);
        const options = maxEntries === undefined ? {} : { maxEntries };
        const items = entries.map(({ ticks, topic, payload }) => ({
          elapsed_time: ticks / 1e5,
          topic,
          payload,
        }));
        const writer = new WriteFile(stem, "T", { timeOrigin: ORIGIN, ...options });
        for (const item of items) writer.write(item);
        writer.close();
        const path = existsSync(`${stem}.log`) ? `${stem}.log` : stem;
        assert.deepEqual(
          readAll(new ReadFile(path)),
          items.map((item) => ({ ...item, type: "T" })),
        );
      },
    ),
    { numRuns: 60 },
  );
});

test("raw files read back equal, byte by byte", (t) => {
  const directory = folder(t);
  let number = 0;
  fc.assert(
    fc.property(topics, fc.uint8Array({ maxLength: 3000 }), (topic, payload) => {
      const stem = join(directory, `raw${number++}`);
      const writer = new WriteFile(stem, null, { timeOrigin: ORIGIN });
      writer.write({ topic, payload, elapsed_time: 1 });
      writer.close();
      const [item] = readAll(new ReadFile(`${stem}.log`));
      assert.equal(item?.topic, topic);
      assert.deepEqual(new Uint8Array(item?.payload as Uint8Array), payload);
      assert.equal("type" in (item ?? {}), false);
    }),
    { numRuns: 60 },
  );
});
