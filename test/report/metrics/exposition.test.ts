import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import fc from "fast-check";
import { acceptedForm, metricsText } from "../../../src/report/metrics/exposition.ts";
import type { MetricFamily } from "../../../src/report/metrics/metric-family.ts";
import { bucketBounds, bucketCounts } from "../../../src/report/metrics/time-buckets.ts";
import { DistributionSum } from "../../../src/stats/distribution.ts";

function distributionOf(values: readonly number[]) {
  const sum = new DistributionSum();
  for (const value of values) sum.addValue(value);
  return sum.take();
}

const families: readonly MetricFamily[] = [
  {
    name: "drayage_run",
    help: "What is run.",
    type: "info",
    samples: [{ labels: { directory: 'a "b"\\c\nd' } }],
  },
  {
    name: "drayage_requests",
    help: "Requests\nthat ended.",
    type: "counter",
    samples: [
      { labels: { op: "get-blob", code: "200" }, value: 12 },
      { labels: { op: "get-blob", code: "0" }, value: 1 },
    ],
  },
  {
    name: "drayage_bytes",
    help: "Bytes.",
    type: "counter",
    unit: "bytes",
    samples: [{ labels: {}, value: 2 ** 45 }],
  },
  {
    name: "drayage_lateness_seconds",
    help: "Lateness.",
    type: "histogram",
    unit: "seconds",
    samples: [{ labels: {}, times: distributionOf([500, 1_000_000, 3.6e12]) }],
  },
  { name: "drayage_nothing", help: "No sample.", type: "gauge", samples: [] },
];

test("the classic page names counters with their suffix, escapes labels, and leaves empty families out", () => {
  const { type, text } = metricsText(families, "classic");
  assert.equal(type, "text/plain; version=0.0.4; charset=utf-8");
  const lines = text.split("\n");
  assert.deepEqual(lines.slice(0, 7), [
    "# HELP drayage_run_info What is run.",
    "# TYPE drayage_run_info gauge",
    'drayage_run_info{directory="a \\"b\\"\\\\c\\nd"} 1',
    "# HELP drayage_requests_total Requests\\nthat ended.",
    "# TYPE drayage_requests_total counter",
    'drayage_requests_total{op="get-blob",code="200"} 12',
    'drayage_requests_total{op="get-blob",code="0"} 1',
  ]);
  assert.ok(!text.includes("drayage_nothing"));
  assert.ok(!text.includes("# EOF"));
  assert.match(text, /^drayage_lateness_seconds_bucket\{le="\+Inf"\} 3$/m);
  assert.match(text, /^drayage_lateness_seconds_count 3$/m);
  assert.match(text, /^drayage_lateness_seconds_sum 3600\.0010005$/m);
});

test("the page of OpenMetrics names families without suffix, tells units, and ends with # EOF", () => {
  const { type, text } = metricsText(families, "openmetrics");
  assert.equal(type, "application/openmetrics-text; version=1.0.0; charset=utf-8");
  assert.match(text, /^# TYPE drayage_run info$/m);
  assert.match(text, /^# TYPE drayage_requests counter$/m);
  assert.match(text, /^drayage_requests_total\{op="get-blob",code="200"\} 12$/m);
  assert.match(text, /^# UNIT drayage_bytes bytes$/m);
  assert.ok(text.endsWith("# EOF\n"));
});

for (const { accept, form, because } of [
  { accept: undefined, form: "classic", because: "curl and promtool say nothing" },
  { accept: "*/*", form: "classic", because: "anything will do" },
  {
    accept:
      "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
    form: "openmetrics",
    because: "Prometheus 2 prefers it",
  },
  {
    accept: "text/plain, application/openmetrics-text;q=0.5",
    form: "classic",
    because: "plain text has more weight",
  },
  { accept: "application/openmetrics-text;q=0", form: "classic", because: "it is refused" },
  { accept: "application/openmetrics-text; q=x", form: "classic", because: "a weight of nothing" },
] as const) {
  test(`Accept ${accept ?? "(absent)"} gets the ${form} form: ${because}`, () => {
    assert.equal(acceptedForm(accept), form);
  });
}

test("buckets of published times are exact: as many values as do not exceed the bound", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 3.6e12 }), { maxLength: 200 }), (values) => {
      const counts = bucketCounts(distributionOf(values));
      assert.equal(counts.length, bucketBounds.length + 1);
      let below = 0;
      bucketBounds.forEach((bound, bucket) => {
        below += counts[bucket] as number;
        const bounded = values.filter((value) => value <= Math.round(bound * 1e9)).length;
        assert.equal(below, bounded);
      });
      assert.equal(below + (counts.at(-1) as number), values.length);
    }),
  );
});

test("bounds ascend, and each lies within a thousandth above a round number", () => {
  assert.deepEqual(
    [...bucketBounds],
    bucketBounds.toSorted((a, b) => a - b),
  );
  for (const bound of bucketBounds) {
    const round = Number(bound.toPrecision(2));
    assert.ok(bound >= round && bound < round * 1.001, `${bound}`);
  }
});

test("promtool finds no fault with the classic page", (t) => {
  const { text } = metricsText(families, "classic");
  const checked = spawnSync("promtool", ["check", "metrics"], { input: text, encoding: "utf8" });
  if (checked.error !== undefined) return t.skip("needs promtool: apt-get install prometheus");
  assert.equal(checked.status, 0, checked.stderr + checked.stdout);
  assert.equal(checked.stderr + checked.stdout, "");
});
