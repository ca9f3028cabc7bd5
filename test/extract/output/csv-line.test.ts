// Rows as bytes, against the same rows put together from texts.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { seconds12, secondsShortest, timeText } from "../../../src/extract/event-time.ts";
import { CsvLine, type CsvStyle, quotedField } from "../../../src/extract/output/csv-line.ts";
import { pythonDictionary } from "../../../src/extract/output/python-text.ts";
import type { Cell, Column, Properties } from "../../../src/extract/output/table-layout.ts";

const columns: readonly Column[] = [
  { name: "A", kind: "masked" },
  { name: "B", kind: "text" },
  { name: "C", kind: "time" },
  { name: "D", kind: "seconds", of: "C" },
  { name: "E", kind: "integer" },
  { name: "F", kind: "machine-seconds", of: "C" },
  { name: "G", kind: "properties" },
];

const text = fc.oneof(
  fc.string({ unit: "grapheme", maxLength: 30 }),
  fc.string({ unit: fc.constantFrom('"', ",", "\n", "\r", "a", "-", "é"), maxLength: 8 }),
  fc.constantFrom("Success", "compute__do_build_and_run_instance", ""),
);
const us = fc.oneof(
  fc.integer({ min: -40_000_000, max: 4_000_000_000 }).map((second) => second * 1e6),
  fc.integer({ min: -4e13, max: 4e15 }),
);
const seconds = fc.oneof(
  fc.integer({ min: -(2 ** 40), max: 2 ** 40 }),
  fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e15, max: 1e15 }),
  us.map((micros) => micros / 1e6),
);
const properties: fc.Arbitrary<Properties> = fc.record({
  memory_mb: fc.option(fc.nat()),
  name: text,
});
const cells: fc.Arbitrary<Cell[]> = fc
  .tuple(
    fc.string({ unit: fc.constantFrom(..."0123456789abcdef-"), maxLength: 40 }),
    fc.option(text),
    fc.option(us),
    fc.option(seconds),
    fc.option(fc.integer()),
    fc.option(seconds),
    properties,
  )
  .map((row) => [...row]);

const fieldOf = (cell: Cell, { kind }: Column, { version }: CsvStyle): string => {
  const secondsText = version === "v0.2" ? seconds12 : secondsShortest;
  if (cell === null) return "None";
  if (kind === "time") return timeText(cell as number);
  if (kind === "machine-seconds" && (cell as number) < 0) return "-1";
  if (kind === "seconds" || kind === "machine-seconds") return secondsText(cell as number);
  return typeof cell === "object" ? pythonDictionary(cell) : String(cell);
};

for (const style of [
  { version: "v0.2", quoting: "minimal", masked: true },
  { version: "v0.2", quoting: "original", masked: false },
  { version: "v0.3", quoting: "minimal", masked: false },
] as const) {
  const { version, quoting, masked } = style;
  test(`rows of ${version}, quoting ${quoting}, ${masked ? "masked" : "in clear text"}, are those put together from texts`, () => {
    fc.assert(
      fc.property(fc.array(cells, { maxLength: 20 }), (rows) => {
        const line = new CsvLine(columns, style);
        const odd = /[",\r\n]/;
        let [quoted, broken] = [0, 0];
        for (const row of rows) {
          const fields = row.map((cell, at) => fieldOf(cell, columns[at] as Column, style));
          const oddOnes = fields.filter((field) => odd.test(field)).length;
          if (quoting === "minimal") quoted += oddOnes;
          else broken += oddOnes > 0 ? 1 : 0;
          const shown = quoting === "minimal" ? fields.map(quotedField) : fields;
          const expected = `${shown.join(",")}${version === "v0.2" ? "\n" : "\r\n"}`;
          const most = line.most(row);
          const bytes = Buffer.alloc(3 + most, "#");
          const end = line.write(row, bytes, 3);
          assert.deepEqual(bytes.subarray(3, end), Buffer.from(expected));
          assert.ok(end - 3 <= most);
        }
        assert.deepEqual([line.quotedFields, line.brokenRows], [quoted, broken]);
      }),
    );
  });
}
