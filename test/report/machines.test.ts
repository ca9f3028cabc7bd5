import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { Ajv2020 } from "ajv/dist/2020.js";
import { type Machine, machineResults, machineTable } from "../../src/report/machines.ts";
import { runResults } from "../../src/report/results.ts";
import { sampleRun } from "./sample-run.ts";

const machine = (own: Partial<Machine>): Machine => ({
  node: 0,
  name: "box1",
  address: "box1:8081",
  cores: 4,
  rows: 300,
  sent: 301,
  done: 298,
  failed: 2,
  errors: { "http:503": 2 },
  latenessP99Ms: 0.5,
  wallAheadMs: -1.5,
  clockBoundMs: 0.2,
  clockStepMs: 0,
  firstSentMs: 0.1,
  cuts: 0,
  longestCutMs: 0,
  held: 0,
  dropped: 0,
  loopDelayP99Ms: 1.25,
  gcP99Ms: 0.3,
  busyShare: 0.25,
  lost: null,
  lostOperations: 0,
  dealtAgain: 0,
  ...own,
});
const machines = [
  machine({}),
  machine({
    node: 1,
    name: "<box2>",
    rows: 100,
    latenessP99Ms: null,
    cuts: 2,
    longestCutMs: 5100,
    lost: "nothing was heard of it for 15 s",
    lostOperations: 7,
    dealtAgain: 7,
  }),
];

test("each machine has its share of the operations", () => {
  assert.deepEqual(
    machineResults(machines).map(({ share }) => share),
    [0.75, 0.25],
  );
  assert.deepEqual(
    machineResults([machine({ rows: 0 })]).map(({ share }) => share),
    [null],
  );
});

test("machines of results.json satisfy the published schema", () => {
  const schema = JSON.parse(readFileSync("docs/formats/results.schema.json", "utf8"));
  const check = new Ajv2020({ allErrors: true, allowUnionTypes: true }).compile(schema);
  const results: { machines: Record<string, unknown>[] } = JSON.parse(
    JSON.stringify(runResults({ ...sampleRun().figures, machines })),
  );
  assert.equal(check(results), true, JSON.stringify(check.errors));
  assert.equal(results.machines.length, 2);
  delete results.machines[0]?.busyShare;
  assert.equal(check(results), false);
});

test("the page tells share, errors, lateness, clock, health and what is odd of each machine", () => {
  const table = machineTable({ machines });
  for (const text of [
    "75.0 %",
    "2 (http:503)",
    "0.50 ms",
    "−1.5 ms, known to 0.20 ms",
    "loop 1.25 ms, GC 0.30 ms, busy 25.0 %",
    "lost: nothing was heard of it for 15 s; 7 without outcome, 7 dealt again; cut off 2 times, 5.1 s at most",
  ])
    assert.ok(table.includes(text), text);
  assert.ok(!table.includes("<box2>") && table.includes("box2"));
  assert.equal(machineTable({ machines: [] }), "");
  assert.equal(machineTable({}), "");
});
