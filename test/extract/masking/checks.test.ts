import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { DistinctValues } from "../../../src/extract/masking/distinct-values.ts";
import { LeakScan } from "../../../src/extract/masking/leak-scan.ts";
import { rackNumbers } from "../../../src/extract/masking/rack-order.ts";
import { TagTable } from "../../../src/extract/masking/tag-table.ts";
import { shiftUs } from "../../../src/extract/masking/time-shift.ts";
import { Uniqueness } from "../../../src/extract/masking/uniqueness.ts";
import { checkCollisions } from "../../../src/extract/output/output-checks.ts";

const ROOMY = 1 << 24;
/** So little that a few thousand values go to disk. */
const TIGHT = 1 << 16;

test("two values with one pseudonym are a collision of their class", () => {
  const distinct = new DistinctValues(ROOMY);
  distinct.note("tag", "v1", "taaaa");
  distinct.note("tag", "v1", "taaaa");
  distinct.note("user", "v2", "taaaa");
  assert.deepEqual(distinct.collisions(), []);
  distinct.note("tag", "v2", "taaaa");
  assert.deepEqual(distinct.collisions(), [{ className: "tag", count: 1 }]);
  assert.throws(() => checkCollisions(distinct), /1 different values of class tag share/);
});

test("a collision is found although values went to disk in between", () => {
  const distinct = new DistinctValues(TIGHT);
  distinct.note("user", "first", "same");
  for (let i = 0; i < 20_000; i++) distinct.note("user", `value-${i}`, `pseudonym-${i}`);
  distinct.note("user", "last", "same");
  assert.ok(distinct.spilled);
  assert.ok(distinct.passes > 1);
  assert.equal(distinct.collisions()[0]?.count, 1);
  distinct.close();
});

test("clear texts are known after they went to disk, those without a pseudonym too", () => {
  const distinct = new DistinctValues(TIGHT);
  distinct.noteClear("unpaired-early");
  for (let i = 0; i < 20_000; i++) distinct.note("user", `value-${i}`, `pseudonym-${i}`);
  distinct.noteClear("unpaired-late");
  const found = new Set<string>();
  const wanted = ["value-0", "value-19999", "unpaired-early", "unpaired-late", "never-seen"];
  for (let pass = 0; pass < distinct.passes; pass++) {
    distinct.loadClear(pass);
    for (const text of wanted) if (distinct.isClear(text)) found.add(text);
  }
  assert.deepEqual([...found].toSorted(), wanted.slice(0, 4).toSorted());
  assert.deepEqual(distinct.collisions(), []);
  distinct.close();
});

test("a table of tags finds what was put in and nothing else", () => {
  const word = fc.integer({ min: 0, max: 0xffffffff });
  const tags = fc.uniqueArray(fc.tuple(word, word), {
    maxLength: 9000,
    minLength: 5000,
    selector: ([high, low]) => `${high} ${low === 0 && high === 0 ? 1 : low}`,
  });
  fc.assert(
    fc.property(tags, ([absent, ...present]) => {
      const table = new TagTable();
      present.forEach(([high, low], at) => {
        table.store(table.claim(high, low), at, at * 2);
      });
      assert.equal(table.count, present.length);
      present.forEach(([high, low], at) => {
        const slot = table.claim(high, low);
        assert.deepEqual([table.first(slot), table.second(slot)], [at, at * 2]);
      });
      assert.ok(absent !== undefined && !table.has(...absent));
    }),
    { numRuns: 5 },
  );
});

const scanOf = (text: string, words?: ReadonlySet<string>): string | undefined => {
  const distinct = new DistinctValues(ROOMY);
  distinct.note("host", "n17.rack.example.org", "h1");
  distinct.note("user", "build", "u1");
  distinct.note("user", "bob", "u2");
  const column = { name: "C", scan: "pieces", ...(words === undefined ? {} : { words }) } as const;
  const scan = new LeakScan([column], distinct);
  scan.row([text], 1);
  return scan.leaks.get("C")?.what;
};

for (const { text, gives } of [
  { text: "n17.rack.example.org", gives: "a clear text" },
  { text: "lost n17.rack.example.org again", gives: "a clear text" },
  { text: "compute_build_x", gives: "a clear text" },
  { text: "bob", gives: undefined },
  { text: "n18.rack.example.org", gives: "a host name" },
  { text: "N18.RACK.EXAMPLE.ORG", gives: "a host name" },
  { text: "version 1.2.3.4.5", gives: undefined },
  { text: "at 10:20:30", gives: undefined },
  { text: "300.300.300.300", gives: undefined },
  { text: "via ::ffff:192.0.2.1", gives: "an address" },
  { text: "6f6b6392e8c03059854a828e7a705a32", gives: undefined },
]) {
  test(`the leak scan finds ${gives ?? "nothing"} in "${text}"`, () => {
    assert.equal(scanOf(text), gives);
  });
}

test("words of the format are no leak although somebody is called like them", () => {
  assert.equal(scanOf("compute_build_x", new Set(["build"])), undefined);
});

test("counting in several passes gives what one pass gives", () => {
  const rows = fc.array(fc.tuple(fc.constantFrom("a", "b", "c"), fc.nat(5).map(String)), {
    maxLength: 200,
  });
  const groups = [
    { name: "first", columns: [0] },
    { name: "both", columns: [0, 1] },
  ];
  fc.assert(
    fc.property(rows, fc.integer({ min: 2, max: 5 }), (table, passes) => {
      const counted = (n: number) => {
        const uniqueness = new Uniqueness(groups, n);
        for (let pass = 0; pass < n; pass++) {
          for (const row of table) uniqueness.row(row);
          uniqueness.endPass();
        }
        return uniqueness.counts();
      };
      assert.deepEqual(counted(passes), counted(1));
      assert.equal(counted(1)[1]?.distinct, new Set(table.map(String)).size);
    }),
  );
});

test("racks are numbered in the order of code points, UNKNOWN among them, null without a number", () => {
  const numbers = rackNumbers(["c01", "UNKNOWN", null, "c10", "c01", "\u{1f600}", "\uffee"]);
  assert.deepEqual(
    [...numbers],
    [
      ["UNKNOWN", 0],
      ["c01", 1],
      ["c10", 2],
      ["\uffee", 3],
      ["\u{1f600}", 4],
    ],
  );
});

test("a shift drawn from a key is the same each time, differs between keys and may be whole weeks", () => {
  const keyed = (byte: number) =>
    ({ method: "hmac-sha256", key: Buffer.alloc(32, byte), random: false }) as const;
  const week = 604_800_000_000;
  const shift = shiftUs({ kind: "key" }, keyed(1));
  assert.equal(shiftUs({ kind: "key" }, keyed(1)), shift);
  assert.notEqual(shiftUs({ kind: "key" }, keyed(2)), shift);
  const weeks = shiftUs({ kind: "key-weeks" }, keyed(1));
  assert.equal(Math.abs(weeks % week), 0);
  assert.notEqual(weeks, 0);
  assert.throws(() => shiftUs({ kind: "key" }, { method: "none" }), /needs a key/);
});
