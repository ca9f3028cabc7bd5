import assert from "node:assert/strict";
import { test } from "node:test";
import { parse } from "csv-parse/sync";
import fc from "fast-check";
import { CsvScanner } from "../../src/trace/csv-scanner.ts";
import { SENTINEL_BYTES } from "../../src/trace/json-object.ts";
import { traceKeys } from "../../src/trace/raw-record.ts";

type Found = { readonly rows: (string | null)[][]; readonly broken: string[] };

/** What the scanner makes of a text that comes in windows which grow by these many bytes. */
function scanned(text: string, steps: readonly number[]): Found {
  const bytes = Buffer.from(text);
  const buffer = Buffer.alloc(bytes.length + SENTINEL_BYTES);
  const found: Found = { rows: [], broken: [] };
  const scanner = new CsvScanner(
    {
      take: (raw) => {
        const values = traceKeys.map((_, field) =>
          raw.shapeOf(field) === 0
            ? null
            : raw.buffer.toString("utf8", raw.from[field], raw.to[field]),
        );
        found.rows.push(values);
      },
      broken: (reason) => found.broken.push(reason),
    },
    0,
  );
  let read = 0;
  let length = 0;
  for (let step = 0; read < bytes.length; step++) {
    const more = Math.min(steps[step % steps.length] as number, bytes.length - read);
    bytes.copy(buffer, length, read, read + more);
    read += more;
    length += more;
    const consumed = scanner.scan(buffer, length);
    buffer.copyWithin(0, consumed, length);
    length -= consumed;
  }
  scanner.finish(buffer, length, undefined);
  return found;
}

const value = fc.string({
  unit: fc.constantFrom("a", "7", " ", ",", '"', "\n", "\r", "é", "😀", "\u0000"),
  maxLength: 6,
});
const cell = fc.tuple(value, fc.boolean()).map(([text, quoted]) => {
  const needs = quoted || /[",\r\n]/.test(text);
  return needs ? `"${text.replaceAll('"', '""')}"` : text;
});
const table = fc.array(fc.array(cell, { minLength: 10, maxLength: 10 }), { maxLength: 8 });
const steps = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 5 });

test("rows in windows of any size are found as a library for CSV finds them", () => {
  fc.assert(
    fc.property(
      table,
      fc.constantFrom("\n", "\r\n"),
      fc.boolean(),
      steps,
      (cells, end, ended, sizes) => {
        const lines = [traceKeys.join(","), ...cells.map((row) => row.join(","))];
        const text = lines.join(end) + (ended ? end : "");
        const rows = parse(text, { record_delimiter: end, from: 2 }) as string[][];
        const { rows: found, broken } = scanned(text, sizes);
        assert.deepEqual(broken, []);
        assert.deepEqual(
          found,
          rows.map((row) => row.map((one) => (one === "" ? null : one))),
        );
      },
    ),
  );
});

test("whatever the bytes are, every line that is not blank is in a row, sound or broken, however they are cut", () => {
  const rubbish = fc.string({ unit: fc.constantFrom("a", ",", '"', "\n", "\r"), maxLength: 60 });
  fc.assert(
    fc.property(rubbish, steps, (text, sizes) => {
      const csv = `id,host\n${text}`;
      const whole = scanned(csv, [csv.length]);
      assert.deepEqual(scanned(csv, sizes), whole);
      const lines = text.split(/[\r\n]+/).filter((line) => line !== "").length;
      assert.ok(whole.rows.length + whole.broken.length <= lines);
      assert.equal(whole.rows.length + whole.broken.length === 0, lines === 0);
    }),
    { numRuns: 300 },
  );
});
