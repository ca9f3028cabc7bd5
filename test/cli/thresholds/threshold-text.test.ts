import assert from "node:assert/strict";
import { test } from "node:test";
import { parseThreshold } from "../../../src/cli/thresholds/threshold-text.ts";
import { UsageError } from "../../../src/core/errors.ts";

const all = { operation: null, measure: null } as const;

for (const { text, metric, operator, limit, window = null } of [
  {
    text: "get-blob.response.p99 < 150ms",
    metric: {
      kind: "time",
      operation: "get-blob",
      measure: "response",
      stat: { percent: 99 },
    },
    operator: "<",
    limit: 150e6,
  },
  {
    text: "errors.rate < 1%",
    metric: { kind: "errors", operation: null, of: "rate" },
    operator: "<",
    limit: 0.01,
  },
  {
    text: "put-blob.errors.count<=3",
    metric: { kind: "errors", operation: "put-blob", of: "count" },
    operator: "<=",
    limit: 3,
  },
  {
    text: "rate.achieved >= 99%",
    metric: { kind: "rate", of: "achieved" },
    operator: ">=",
    limit: 0.99,
  },
  {
    text: "rate.done > 190/s",
    metric: { kind: "rate", of: "done" },
    operator: ">",
    limit: 190,
  },
  {
    text: "lateness.p99 < 2ms",
    metric: { kind: "time", operation: null, measure: "lateness", stat: { percent: 99 } },
    operator: "<",
    limit: 2e6,
  },
  {
    text: " p99.9 < 1.5s ",
    metric: { kind: "time", ...all, stat: { percent: 99.9 } },
    operator: "<",
    limit: 1.5e9,
  },
  {
    text: "window(10s).p99 < 500ms for 30s abort",
    metric: { kind: "time", ...all, stat: { percent: 99 } },
    operator: "<",
    limit: 500e6,
    window: { seconds: 10, forSeconds: 30, abort: true },
  },
  {
    text: "window(1m).errors.rate < 5%",
    metric: { kind: "errors", operation: null, of: "rate" },
    operator: "<",
    limit: 0.05,
    window: { seconds: 60, forSeconds: 0, abort: false },
  },
]) {
  test(`threshold: "${text}" is understood`, () => {
    const { text: kept, ...parsed } = parseThreshold(text, "-T");
    assert.equal(kept, text.trim());
    assert.deepEqual(parsed, { metric, operator, limit, window });
  });
}

for (const { text, says } of [
  { text: "", says: /column 1: an operator is missing/ },
  { text: "p99 150ms", says: /column 10: an operator is missing/ },
  {
    text: "get-blob.respnse.p99 < 1s",
    says: /column 10: unknown word "respnse"; did you mean "response"\?/,
  },
  {
    text: "get-blbo.response.p99 < 1s",
    says: /column 1: unknown word "get-blbo"; did you mean "get-blob"\?/,
  },
  { text: "response.p9x < 1s", says: /column 10: unknown figure "p9x"/ },
  { text: "p0 < 1s", says: /column 1: unknown figure "p0"/ },
  { text: "p100 < 1s", says: /column 1: unknown figure "p100"/ },
  { text: "errors.rat < 1%", says: /column 8: errors has no "rat"; did you mean "rate"\?/ },
  { text: "p99 < 150", says: /column 7: expected a time such as 150ms or 1.5s, found "150"/ },
  { text: "errors.rate < 1", says: /column 15: expected such as 1%, found "1"/ },
  { text: "p99 < 1s for 30s", says: /column 9: "for" and "abort" need a window/ },
  { text: "window(10s).p99 < 1s abrot", says: /found "abrot"/ },
  { text: "window(0s).p99 < 1s", says: /column 1: a window has 1 to 3600 whole seconds/ },
  { text: "window(1.5s).p99 < 1s", says: /whole seconds, not "1.5s"/ },
  { text: "get-blob.lateness.p99 < 1ms", says: /column 10: unknown word "lateness"/ },
  { text: "a.b.c.d < 1ms", says: /column 1: unknown word "a"/ },
]) {
  test(`threshold: "${text}" is refused in one line`, () =>
    assert.throws(
      () => parseThreshold(text, "--threshold"),
      (error: UsageError) => {
        assert.ok(error instanceof UsageError);
        assert.equal(error.lines.length, 1);
        assert.match(error.message, says);
        return true;
      },
    ));
}
