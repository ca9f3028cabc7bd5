import assert from "node:assert/strict";
import { test } from "node:test";
import { stripVTControlCharacters } from "node:util";
import { Failure } from "../../src/core/failure.ts";
import { CompatSum, compatLines, OnTime } from "../../src/report/compat.ts";
import type { RunFigures } from "../../src/report/run-figures.ts";
import { summaryText } from "../../src/report/summary.ts";
import { alignRows, paintFor } from "../../src/report/text-table.ts";
import { allocateTally } from "../../src/stats/tally-layout.ts";
import { TallyReader } from "../../src/stats/tally-reader.ts";
import { whole, writerOf } from "../stats/samples.ts";
import { sampleRun } from "./sample-run.ts";

const context = {
  directory: "runs/2026-11-22T07-01-33Z_run_a1b2c3",
  files: [{ name: "results.json", holds: "the figures" }],
  next: [{ type: "drayage report DIR", does: "rebuild every output" }],
};
const plain = paintFor({}, false);
const { figures } = sampleRun();

function totalsOf(...samples: Parameters<typeof whole>[1][]) {
  const memory = allocateTally();
  const tally = writerOf(memory);
  for (const sample of samples) whole(tally, sample);
  return new TallyReader([memory]).totals();
}

const failed = { sent: 0, done: 5, failure: Failure.connect, status: 0 };
for (const { name, change, first } of [
  {
    name: "a good run",
    change: { totals: totalsOf({ sent: 0, done: 5, failure: Failure.none, status: 200 }) },
    first: "PASS",
  },
  {
    name: "a run with failures, which are findings,",
    change: {},
    first: "PASS (22 of 4000 operations failed)",
  },
  {
    name: "a warm-up with failures",
    change: { failsOn: "any" } as const,
    first: "FAIL (22 of 4000 operations failed)",
  },
  {
    name: "a generator that could not keep up",
    change: {
      validity: { verdict: "INVALID", cause: "generator saturated", reasons: ["late"] },
    } as const,
    first: "INVALID (generator saturated)",
  },
  {
    name: "an interrupted run",
    change: { ending: "signal" } as const,
    first: "ABORTED (interrupted)",
  },
  { name: "a limit", change: { ending: "limit" } as const, first: "ABORTED (a limit was reached)" },
  {
    name: "a run in which nothing succeeded",
    change: { totals: totalsOf(failed) },
    first: "FAIL (no operation succeeded)",
  },
  {
    name: "a run that skipped all there was",
    change: { totals: totalsOf(), skipped: { unmapped: 4 } },
    first: "FAIL (no operation succeeded)",
  },
] satisfies { name: string; change: Partial<RunFigures>; first: string }[]) {
  test(`summary: ${name} begins with ${first} and the run directory`, () => {
    const [line] = summaryText({ ...figures, ...change }, context, plain).split("\n");
    assert.equal(line, `${first}  ${context.directory}`);
  });
}

test("summary: plain ASCII in at most 100 columns, no blank at the end of a line", () => {
  for (const line of summaryText(figures, context, plain).split("\n")) {
    assert.match(line, /^[\x20-\x7e]*$/);
    assert.ok(line.length <= 100, line);
    assert.equal(line, line.trimEnd());
  }
});

test("summary: every class has a response row and a service row, errors have their example", () => {
  const text = summaryText(figures, context, plain);
  assert.match(text, /get-blob +response +\S+/);
  assert.match(text, /\n +service +\S+/);
  assert.match(text, /http:503 +get-blob +\d+ +GET \/v2/);
  assert.match(text, /lateness +\(ours\)/);
  assert.match(text, /Skipped +unmapped 3/);
  assert.doesNotMatch(text, /warmup_failed/);
  assert.match(text, /Files\n +results\.json +the figures/);
});

test("summary: a refused connection is told whole, and a sentence that is cut says so", () => {
  const refused = "cannot connect to localhost:5200: connection refused (ECONNREFUSED)";
  const told = (sentence: string): string =>
    summaryText({ ...figures, examples: { "http:503": sentence } }, context, plain);
  assert.match(told(refused), /http:503 .*\(ECONNREFUSED\)$/m);
  assert.match(told(`${refused} and more`), /http:503 .*connection refused \(ECONNREFUS\.\.\.$/m);
});

test("summary: files of the run directory stand below its name, others by their paths", () => {
  const directory = "./runs/x";
  const files = [
    { name: "runs/x/report.html", holds: "a page" },
    { name: "runs/x/run.json", holds: "what was run" },
    { name: "runs/x/figures/", holds: "plots" },
    { name: "out/rows.json", holds: "3 rows" },
    { name: "runs/x/deeper/rows.json", holds: "more rows" },
  ];
  const text = summaryText(figures, { ...context, directory, files }, plain);
  const [, listed] = /Files\n((?: .*\n)+)/.exec(text) ?? [];
  assert.deepEqual(listed?.trimEnd().split("\n"), [
    "  runs/x/",
    "    report.html            a page",
    "    run.json               what was run",
    "    figures/               plots",
    "  out/rows.json            3 rows",
    "  runs/x/deeper/rows.json  more rows",
  ]);
});

test("summary: without due times it says so, and shows service times only", () => {
  const text = summaryText(sampleRun({ paced: false, seconds: 3 }).figures, context, plain);
  assert.match(text, /no due times:/);
  assert.doesNotMatch(text, /response/);
});

test("summary: percentiles that few values cannot support are dashes", () => {
  const totals = totalsOf({ due: 0, sent: 10, done: 2_500_000 });
  const text = summaryText({ ...figures, totals }, context, plain);
  assert.match(text, /get-blob +response +- +- +- +- +- +- +2\.50ms/);
});

test("summary: a run without a request has a head, a verdict and no empty tables", () => {
  const text = summaryText({ ...figures, totals: totalsOf(), compat: null }, context, plain);
  assert.doesNotMatch(text, /Latency|Operations|Errors/);
  assert.match(text, /0 done, 0 failed/);
});

test("summary: colours change nothing but colours", () => {
  const coloured = summaryText(figures, context, paintFor({ FORCE_COLOR: "1" }, false));
  const bare = stripVTControlCharacters(coloured);
  assert.ok(coloured.length > bare.length);
  assert.equal(bare, summaryText(figures, context, plain));
});

for (const { name, env, terminal, colours } of [
  { name: "a terminal", env: {}, terminal: true, colours: true },
  { name: "a pipe", env: {}, terminal: false, colours: false },
  { name: "NO_COLOR on a terminal", env: { NO_COLOR: "1" }, terminal: true, colours: false },
  { name: "an empty NO_COLOR", env: { NO_COLOR: "" }, terminal: true, colours: true },
  { name: "a dumb terminal", env: { TERM: "dumb" }, terminal: true, colours: false },
  { name: "FORCE_COLOR into a pipe", env: { FORCE_COLOR: "1" }, terminal: false, colours: true },
  { name: "FORCE_COLOR=0", env: { FORCE_COLOR: "0" }, terminal: true, colours: false },
  {
    name: "FORCE_COLOR over NO_COLOR",
    env: { FORCE_COLOR: "1", NO_COLOR: "1" },
    terminal: false,
    colours: true,
  },
]) {
  test(`paint: ${name}: ${colours ? "colours" : "none"}`, () => {
    assert.equal(paintFor(env, terminal).bold("x") !== "x", colours);
  });
}

test("table: text flush left, numbers flush right, short rows allowed", () => {
  const rows = [{ cells: ["a", "1"] }, { cells: ["long", "1000"] }, { cells: ["x"] }];
  assert.deepEqual(alignRows(rows, "lr"), ["a        1", "long  1000", "x"]);
});

test("compat: the labels, their order and spelling, and the figures of the original", () => {
  const sum = new CompatSum();
  sum.add(100, 2, 1000, OnTime.yes);
  sum.add(101, 4, 500, OnTime.no);
  sum.add(99, 60, 7, OnTime.failed);
  assert.deepEqual(compatLines(sum.figures()), [
    "Statistics",
    "Successful Requests: 2",
    "Failed Requests: 1",
    "Duration: 6",
    "Data Transfered: 1500 bytes",
    "Average Latency: 3",
    "% requests on time: 0.5",
    "Throughput: 0.3333333333333333 requests/second",
  ]);
});

for (const { name, failures } of [
  { name: "no row", failures: 0 },
  { name: "failures only", failures: 3 },
]) {
  test(`compat: ${name} has no means`, () => {
    const sum = new CompatSum();
    for (let i = 0; i < failures; i++) sum.add(1, 1, 1, OnTime.failed);
    assert.deepEqual(compatLines(sum.figures()).slice(1), [
      "Successful Requests: 0",
      `Failed Requests: ${failures}`,
      "Duration: n/a",
      "Data Transfered: 0 bytes",
      "Average Latency: n/a",
      "% requests on time: n/a",
      "Throughput: n/a",
    ]);
  });
}

test("a run of a recording has two rows for each of its operations: as recorded, and as seen now", () => {
  const service = { indices: [1000], counts: [30], total: 30, sum: 30_000 };
  const recorded = [
    { operation: "get-blob", requests: 30, bytes: 2048, statuses: { 200: 28, 206: 2 }, service },
    { operation: "push-blob", requests: 1, bytes: 10, statuses: { 0: 1 }, service },
  ] as const;
  const text = summaryText({ ...figures, recorded }, context, plain);
  const [, section = ""] = text.split("Recorded and replayed\n");
  const [heads, ...rows] = (section.split("\n\n")[0] ?? "").split("\n").map((line) => line.trim());
  assert.match(heads ?? "", /^n +bytes +mean +p50 +p95 +p99 +max +statuses$/);
  assert.match(rows[0] ?? "", /^get-blob +recorded +30 +2\.00KiB +1\.00us .* 200: 28, 206: 2$/);
  assert.match(rows[1] ?? "", /^replayed +2,\d+ .* 200: 2,\d+/);
  assert.match(rows[2] ?? "", /^push-blob +recorded +1 .* none: 1$/);
  assert.match(rows[3] ?? "", /^replayed +0 +0B/);
  assert.ok(!summaryText(figures, context, plain).includes("Recorded and replayed"));
});

for (const { name, change, next } of [
  {
    name: "a good run is to be compared",
    change: {},
    next: /Next\n +drayage compare runs\/x OTHER +is another run/,
  },
  {
    name: "a run that nobody can trust is not",
    change: {
      validity: { verdict: "INVALID", cause: "generator saturated", reasons: [] },
    } as const,
    next: /^(?![\s\S]*Next)/,
  },
  {
    name: "nor is one that was cut off",
    change: { ending: "cut" } as const,
    next: /^(?![\s\S]*Next)/,
  },
] satisfies { name: string; change: Partial<RunFigures>; next: RegExp }[])
  test(`summary: ${name}`, () => {
    const told = { directory: "runs/x", files: [], next: [] };
    assert.match(summaryText({ ...figures, ...change }, told, plain), next);
  });

test("summary: statuses of all operations, the most frequent first", () => {
  assert.match(
    summaryText(figures, context, plain),
    /^Statuses {2}200: [\d,]+, 201: \d+, 503: \d+, no answer: \d+$/m,
  );
});
