// The leak scan of bytes, against the leak scan of texts.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { DistinctValues } from "../../../src/extract/masking/distinct-values.ts";
import { LeakScan, type ScannedColumn } from "../../../src/extract/masking/leak-scan.ts";
import { PlainCsvScan } from "../../../src/extract/output/plain-csv-scan.ts";

const columns: readonly ScannedColumn[] = [
  { name: "A", scan: "pieces" },
  { name: "B", scan: "none" },
  { name: "C", scan: "pieces", words: new Set(["stop"]) },
];

const distinct = new DistinctValues(1 << 20);
for (const clear of ["u-alice", "5f2d7c1e8a9b", "stop", "compute", "db-host-7"])
  distinct.note("user", clear, `p${clear.length}`);

const field = fc.oneof(
  fc.constantFrom(
    ...["u-alice", "5f2d7c1e8a9b", "5f2d0000", "stop", "compute", "reboot", "a/db-host-7", ""],
    ...["10.1.2.3", "instance_reboot", "0123456789abcdef", "é"],
  ),
  fc.string({ unit: fc.constantFrom(..."0123456789abcdefxyz-_ "), maxLength: 20 }),
);

test("leaks of plain CSV are found in the same columns and rows, however the bytes are cut", () => {
  const rows = fc.array(fc.tuple(field, field, field), { minLength: 1, maxLength: 30 });
  fc.assert(
    fc.property(
      rows,
      fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1 }),
      (table, cuts) => {
        const ofTexts = new LeakScan(columns, distinct);
        for (const [at, fields] of table.entries()) ofTexts.row(fields, at + 1);
        const ofBytes = new LeakScan(columns, distinct);
        const scan = new PlainCsvScan(columns, ofBytes);
        const bytes = Buffer.from(
          `A,B,C\n${table.map((fields) => `${fields.join(",")}\n`).join("")}`,
        );
        for (let [from, cut] = [0, 0]; from < bytes.length; cut++) {
          const length = cuts[cut % cuts.length] as number;
          scan.take(bytes.subarray(from, from + length));
          from += length;
        }
        assert.deepEqual([...ofBytes.leaks], [...ofTexts.leaks]);
        assert.deepEqual([...ofBytes.counts], [...ofTexts.counts]);
      },
    ),
  );
});
