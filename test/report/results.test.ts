import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { Ajv2020 } from "ajv/dist/2020.js";
import { operationClasses } from "../../src/core/operation.ts";
import { runResults } from "../../src/report/results.ts";
import { maximumOf, valueAtPercentile } from "../../src/stats/distribution.ts";
import { decodeHdr } from "../../src/stats/hdr.ts";
import { allocateTally } from "../../src/stats/tally-layout.ts";
import { TallyReader } from "../../src/stats/tally-reader.ts";
import { sampleRun } from "./sample-run.ts";

const schema = JSON.parse(
  readFileSync(new URL("../../docs/formats/results.schema.json", import.meta.url), "utf8"),
);
const check = new Ajv2020({ allErrors: true, allowUnionTypes: true }).compile(schema);
const written = (figures: Parameters<typeof runResults>[0]) =>
  JSON.parse(JSON.stringify(runResults(figures)));

const { figures } = sampleRun();

for (const { name, run } of [
  { name: "a paced run", run: figures },
  {
    name: "a run that the calibration of the machine speaks of",
    run: {
      ...figures,
      calibration: {
        state: "above" as const,
        note: "too fast",
        rate: 9,
        limit: null,
        takenAt: "2026-11-22T07:01:33.250Z",
        type: null,
      },
    },
  },
  { name: "a run without due times", run: sampleRun({ paced: false, seconds: 3 }).figures },
  {
    name: "a run that was interrupted at once",
    run: {
      ...figures,
      ending: "signal" as const,
      seconds: 0,
      totals: new TallyReader([allocateTally()]).totals(),
      planned: null,
      traceSeconds: null,
      compat: null,
    },
  },
]) {
  test(`results: ${name} satisfies the published schema`, () => {
    assert.ok(check(written(run)), JSON.stringify(check.errors, null, 2));
  });
}

test("results: the schema refuses a missing and an unknown field", () => {
  const { planned: _, ...missing } = written(figures);
  assert.equal(check(missing), false);
  assert.equal(check({ ...written(figures), extra: 1 }), false);
});

test("results: the schema knows the operation classes", () => {
  assert.deepEqual(schema.$defs.class.properties.operation.enum, [...operationClasses]);
});

test("results: classes add up to all, and to what was planned", () => {
  const { totals: all, classes, planned } = runResults(figures);
  const sum = (of: (part: (typeof classes)[number]) => number) =>
    classes.reduce((total, part) => total + of(part), 0);
  assert.equal(all.started, planned);
  assert.equal(all.done + all.failed, all.started);
  assert.equal(
    sum((part) => part.done),
    all.done,
  );
  assert.equal(
    sum((part) => part.bytesIn),
    all.bytesIn,
  );
  assert.equal(
    sum((part) => part.responseNs.count),
    all.responseNs.count,
  );
  assert.equal(all.responseNs.count, all.done);
  assert.equal(all.failedResponseNs.count, all.failed);
  assert.equal(
    Object.values(all.errors).reduce((total, count) => total + count, 0),
    all.failed,
  );
});

test("results: percentiles are those of the histogram that stands beside them", () => {
  const { totals: all } = runResults(figures);
  const { histogram, percentiles, max, sum } = all.responseNs;
  const distribution = decodeHdr(histogram ?? "", sum);
  assert.equal(percentiles.p99, valueAtPercentile(distribution, 99));
  assert.equal(max, maximumOf(distribution));
  assert.equal(percentiles["p99.9"], null, "4,000 requests cannot tell");
});

test("results: a stall shows in response times and not in what the generator did", () => {
  const { totals: all, latenessNs, validity } = runResults(figures);
  assert.ok((all.responseNs.percentiles.p90 ?? 0) > 500e6);
  assert.ok((latenessNs.percentiles.p99 ?? 1e12) < 10e6);
  assert.equal(validity.verdict, "ok");
});
