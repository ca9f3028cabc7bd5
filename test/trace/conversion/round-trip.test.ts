import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import fc from "fast-check";
import { samplePath } from "../fixtures.ts";
import { convert, linesOf, suffixes } from "./forms.ts";

const scratch = mkdtempSync(join(tmpdir(), "drayage-round-trip-"));
after(() => rmSync(scratch, { recursive: true }));

/** Any text that UTF-8 can hold and that is not empty: CSV cannot tell an empty text from none. */
const text = fc.string({ unit: "grapheme", minLength: 1, maxLength: 30 });
const awkward = fc.constantFrom(
  ...[
    "a,b",
    'say "hi"',
    "two\nlines",
    "cr\rlf\r\n",
    " blank ",
    "\u0000",
    "=1+1",
    "\ufeff",
    "\\(linux\\)",
    "null",
    "🚢",
  ],
);
const optional = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined, freq: 4 });
const day = Date.UTC(2017, 5, 20);
const stamp = fc
  .tuple(fc.integer({ min: 0, max: 86_399_999 }), fc.integer({ min: 0, max: 999 }))
  .map(([ms, us]) => {
    const time = new Date(day + ms).toISOString();
    return us === 0 ? time : `${time.slice(0, -1)}${String(us).padStart(3, "0")}Z`;
  });

/** Sound records with any of the ten fields; a request of no kind, so that a size is nobody's duty. */
const record = fc
  .record({
    host: optional(fc.oneof(text, awkward)),
    "http.request.duration": optional(
      fc.double({ min: 0, max: 1e9, noNaN: true }).map((value) => value + 0),
    ),
    "http.request.method": fc.constantFrom("GET", "HEAD", "PUT", "POST", "PATCH", "DELETE", "get"),
    "http.request.remoteaddr": optional(fc.oneof(text, awkward)),
    "http.request.uri": fc.oneof(text, awkward).map((rest) => `x/${rest}`),
    "http.request.useragent": optional(fc.oneof(text, awkward)),
    "http.response.status": optional(fc.integer({ min: 0, max: 999 })),
    "http.response.written": optional(fc.maxSafeInteger().map((value) => value + 0)),
    id: optional(fc.oneof(text, awkward)),
    timestamp: stamp,
  })
  .map((fields) => JSON.parse(JSON.stringify(fields)) as Record<string, unknown>);

test("records survive any chain of forms", async () => {
  const chain = fc.array(fc.constantFrom(...suffixes), { minLength: 1, maxLength: 4 });
  await fc.assert(
    fc.asyncProperty(
      fc.array(record, { minLength: 1, maxLength: 12 }),
      chain,
      async (records, forms) => {
        const folder = mkdtempSync(join(scratch, "chain-"));
        let path = join(folder, "start.json");
        writeFileSync(path, JSON.stringify(records));
        for (const [step, suffix] of [...forms, "ndjson"].entries()) {
          const { path: next, records: count } = await convert(
            folder,
            [path],
            `step-${step}.${suffix}`,
          );
          assert.equal(count, records.length);
          path = next;
        }
        assert.deepEqual(linesOf(path), records);
      },
    ),
    { numRuns: 60 },
  );
});

test("JSON keeps its bytes on the way to JSON lines and back, other keys and odd spellings included", async () => {
  const folder = mkdtempSync(join(scratch, "bytes-"));
  const record =
    '{"timestamp":"2017-06-20 02:41:18.1234567+02:00", "http.request.uri":"v2\\/","data":{"a":[1,2.50]},"http.request.method":"GET","http.response.status":"200"}';
  writeFileSync(join(folder, "in.json"), `[${record},${record}]`);
  await convert(folder, [join(folder, "in.json")], "lines.ndjson.gz");
  await convert(folder, [join(folder, "lines.ndjson.gz")], "back.json");
  assert.equal(readFileSync(join(folder, "back.json"), "utf8"), `[\n${record},\n${record}\n]\n`);
});

test("the published sample comes back the same from every form", async (t) => {
  const sample = samplePath(t, "dal09_blobs_sample.reconstructed.json");
  if (sample === undefined) return;
  const folder = mkdtempSync(join(scratch, "sample-"));
  const records: unknown = JSON.parse(readFileSync(sample, "utf8"));
  for (const suffix of ["csv.gz", "parquet"]) {
    const { path } = await convert(folder, [sample], `there.${suffix}`);
    await convert(folder, [path], "back.ndjson");
    assert.deepEqual(linesOf(join(folder, "back.ndjson")), records, suffix);
  }
});
