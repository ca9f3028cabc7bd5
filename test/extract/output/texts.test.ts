import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { readPythonDictionary } from "../../../src/extract/arrivals/python-dictionary.ts";
import { readTime, seconds12, secondsShortest, timeText } from "../../../src/extract/event-time.ts";
import { quotedField } from "../../../src/extract/output/csv-line.ts";
import { asciiJson } from "../../../src/extract/output/json-line.ts";
import { LineSorter, type SortedLine } from "../../../src/extract/output/line-sorter.ts";
import { pythonDictionary, pythonString } from "../../../src/extract/output/python-text.ts";
import type { SortKey } from "../../../src/extract/output/table-layout.ts";
import { csvRecords } from "../../../src/extract/output/written-rows.ts";

for (const { value, short, long } of [
  { value: 66296, short: "66296.0", long: "66296.0" },
  { value: -43200, short: "-43200.0", long: "-43200.0" },
  { value: 0, short: "0.0", long: "0.0" },
  { value: 99100809.123456, short: "99100809.1235", long: "99100809.123456" },
  { value: 0.1, short: "0.1", long: "0.1" },
  { value: 0.0001, short: "0.0001", long: "0.0001" },
  { value: 0.00001, short: "1e-05", long: "1e-05" },
  { value: 0.000012, short: "1.2e-05", long: "1.2e-05" },
  { value: 1.0000000000001, short: "1.0", long: "1.0000000000001" },
]) {
  test(`${value} seconds are ${short} in v0.2 and ${long} in v0.3`, () => {
    assert.equal(seconds12(value), short);
    assert.equal(secondsShortest(value), long);
  });
}

test("any time of the years 1000 to 9999 is read back from its text", () => {
  const [from, to] = [Date.UTC(1000, 0), Date.UTC(9999, 11, 31)];
  fc.assert(
    fc.property(fc.integer({ min: from, max: to }), fc.nat(999_999), (ms, us) => {
      const time = Math.floor(ms / 1000) * 1_000_000 + us;
      assert.equal(readTime(timeText(time)), time);
    }),
  );
});

for (const { text, gives } of [
  { text: "web-1", gives: "'web-1'" },
  { text: "it's", gives: `"it's"` },
  { text: `both ' and "`, gives: `'both \\' and "'` },
  { text: "a\nb\\c\t", gives: "'a\\nb\\\\c\\t'" },
  { text: "\u0001\u00a0\u200b", gives: "'\\x01\\xa0\\u200b'" },
  { text: "é\u{1f600}", gives: "'é\u{1f600}'" },
]) {
  test(`Python prints ${JSON.stringify(text)} as ${gives}`, () => {
    assert.equal(pythonString(text), gives);
  });
}

test("a Python dictionary of plain keys and numbers is read back", () => {
  const pairs = fc.dictionary(fc.stringMatching(/^[a-z_]{1,12}$/), fc.integer());
  fc.assert(
    fc.property(pairs, (properties) => {
      const read = readPythonDictionary(pythonDictionary(properties));
      const expected = Object.entries(properties).map(([key, value]) => [key, String(value)]);
      assert.deepEqual(Object.entries(read), expected);
    }),
  );
});

test("JSON text is ASCII and means the same", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 60 }), (text) => {
      const json = asciiJson(text);
      assert.match(json, /^[\x20-\x7e]*$/);
      assert.equal(JSON.parse(json), text);
    }),
  );
});

test("records of CSV are read back however their bytes are cut", () => {
  const field = fc.string({ unit: fc.constantFrom("a", "é", ",", '"', "\n", " ", "\r") });
  // A single empty field is an empty line, and the end of a line is not told from a last CR.
  const rows = fc.array(fc.array(field, { minLength: 2, maxLength: 4 }), { maxLength: 8 });
  fc.assert(
    fc.property(rows, fc.integer({ min: 1, max: 7 }), (table, size) => {
      const bytes = Buffer.from(table.map((row) => `${row.map(quotedField).join(",")}\n`).join(""));
      const pieces: Buffer[] = [];
      for (let at = 0; at < bytes.length; at += size) pieces.push(bytes.subarray(at, at + size));
      assert.deepEqual([...csvRecords(pieces)], table);
    }),
  );
});

const textOf = ({ bytes, from, to }: SortedLine): string => bytes.toString("utf8", from, to);

const line = fc.tuple(
  fc.integer({ min: -5, max: 5 }),
  fc.nat(3),
  fc.string({ unit: "grapheme", maxLength: 20 }),
);

test("lines come out by their keys, equal keys in the order of adding", () => {
  fc.assert(
    fc.property(fc.array(line, { maxLength: 200 }), (lines) => {
      const sorter = new LineSorter(1 << 20);
      lines.forEach(([first, second, text]) => {
        sorter.add(text, [first, second, 0]);
      });
      const sorted = Array.from(sorter.lines(), textOf);
      sorter.close();
      const expected = lines.toSorted((a, b) => a[0] - b[0] || a[1] - b[1]);
      assert.deepEqual(
        sorted,
        expected.map(([, , text]) => text),
      );
    }),
  );
});

test("lines that went to disk in several runs are merged in order, NULLs at either end", () => {
  const sorter = new LineSorter(1 << 20);
  const keys: SortKey[] = [];
  const filling = "x".repeat(200);
  for (let i = 0; i < 20_000; i++) {
    const first = i % 500 === 0 ? Number.NEGATIVE_INFINITY : (i * 7919) % 1000;
    keys.push([first, i % 3, i]);
    sorter.add(`${i} ${filling}`, keys[i] as SortKey);
  }
  const numbers = Array.from(sorter.lines(), (sorted) => Number.parseInt(textOf(sorted), 10));
  assert.ok(sorter.spilledRuns > 2);
  sorter.close();
  const order = keys.map((_, at) => at).toSorted((a, b) => compare(keys[a], keys[b]));
  // Not deepEqual: the difference of two long lists takes minutes to print.
  assert.equal(numbers.length, order.length);
  assert.equal(
    numbers.findIndex((number, at) => number !== order[at]),
    -1,
  );
});

function compare(a: SortKey | undefined, b: SortKey | undefined): number {
  for (const part of [0, 1, 2] as const) {
    const [one = 0, other = 0] = [a?.[part], b?.[part]];
    if (one !== other) return one < other ? -1 : 1;
  }
  return 0;
}
