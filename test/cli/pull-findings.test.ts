// What summary and report of a pull test say about its figures: the shape of the ramp, the machine.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { KnownCalibrations } from "../../src/cli/calibrate/calibration-cache.ts";
import { firstElsewhere } from "../../src/cli/pull/first-pulls.ts";
import { calibrationOfPull } from "../../src/cli/pull/pull-calibration.ts";
import { scalingCharts } from "../../src/cli/pull/pull-charts.ts";
import { unknownServer } from "../../src/cli/pull/pull-results.ts";
import { errorRows, serverFacts } from "../../src/cli/pull/pull-text.ts";
import { runOfCache, warningsOf } from "../../src/cli/pull/pull-warnings.ts";
import type { DriverEnd } from "../../src/pull/driver-contract.ts";
import { PullSum } from "../../src/pull/pull-sum.ts";
import type { StepFigures } from "../../src/pull/step-record.ts";
import { sampleCalibration } from "./calibrate/sample-calibration.ts";

const step = (more: Partial<StepFigures>): StepFigures => ({
  phase: "run",
  step: 1,
  level: 1,
  seconds: 10,
  pulls: 100,
  failed: 0,
  pullsPerSecond: 10,
  failuresPerSecond: 0,
  requestsPerSecond: 70,
  bytesPerSecond: 1000,
  pullP50: null,
  pullP99: null,
  ttfbP50: null,
  ttfbP99: null,
  firstPulls: 0,
  speedUp: 1,
  inProgressByLaw: 1,
  inProgress: 1,
  outsidePulls: 0,
  cpuShare: 0,
  loopDelayP99Ms: 0,
  flags: "",
  ...more,
});

/** 10/s while the cache fills, then 40/s with each puller whose images it has. */
const filling = [
  step({ firstPulls: 100 }),
  step({ step: 2, level: 2, pulls: 500, pullsPerSecond: 50, firstPulls: 100, speedUp: 5 }),
  step({ step: 3, level: 1, pulls: 400, pullsPerSecond: 40, speedUp: 4 }),
];
const ofCache = { prunes: false, upstreamPulls: null };

test("a rate that outruns the pullers is explained where the first one filled the cache", () => {
  const [said = "", ...more] = warningsOf(filling, ofCache);
  assert.deepEqual(more, []);
  assert.match(
    said,
    /\(step 2, 3\).*of the 100 pulls of step 1, .*, 100 were the first of their image/,
  );
});

for (const { name, steps } of [
  {
    name: "a rate in proportion",
    steps: [step({ firstPulls: 100 }), step({ step: 2, level: 2, speedUp: 2.1 })],
  },
  {
    name: "a first step whose images were there",
    steps: filling.map((one) => ({ ...one, firstPulls: 0 })),
  },
  { name: "steps of a cold phase", steps: filling.map((one) => ({ ...one, phase: "cold" })) },
  { name: "a run without a step of one puller", steps: filling.slice(1, 2) },
  {
    name: "a client that is late where nothing is sent",
    steps: [step({ flags: "C", requestsPerSecond: 0 })],
  },
])
  test(`nothing is explained of ${name}`, () => assert.deepEqual(warningsOf(steps, ofCache), []));

test("steps that the client limits are named with their phase where there are several", () => {
  const limited = (phase: string, number: number) => step({ phase, step: number, flags: "C" });
  const [one = ""] = warningsOf([limited("run", 2), limited("run", 3)], ofCache);
  assert.match(one, /\(step 2, 3\)$/);
  const [two = ""] = warningsOf([limited("cold", 2), limited("warm", 1)], ofCache);
  assert.match(two, /\(step cold 2; warm 1\)$/);
});

test("first pulls of an image that several machines pulled are counted and named; threads know of each other", () => {
  const pulled = (...images: number[]) => ({
    ...{ errors: [], saved: [], unsaved: null, connectionsOpened: 0 },
    images: images.map((image) => ({ puller: image % 2, image, pulls: 1, failures: 0 })),
  });
  const threads = [pulled(0, 1, 1, 2), pulled(1, 2, 3), pulled(2)];
  const nodes = threads.map(() => ({})) as unknown as DriverEnd["nodes"];
  assert.equal(firstElsewhere({ nodes, threads }), 3);
  assert.equal(firstElsewhere({ nodes: [], threads }), 0);
  const [said = ""] = warningsOf([], { ...ofCache, firstElsewhere: 3 });
  assert.match(said, /by each machine for itself: 3 of the first ones/);
});

test("a run that was pruned and yet asked nothing of the upstream was warm; by whoever tells of it", () => {
  const warm = /^all prunes succeeded but nothing was pulled from the upstream/;
  assert.match(warningsOf([], { prunes: true, upstreamPulls: 0 })[0] ?? "", warm);
  for (const cache of [
    { prunes: true, upstreamPulls: null },
    { prunes: true, upstreamPulls: 7 },
    { prunes: false, upstreamPulls: 0 },
  ])
    assert.deepEqual(warningsOf([], cache), []);
  const end = { sum: new PullSum(), nodes: [], threads: [] };
  const counted = { ociregistry_upstream_pulls_by_ns: 3 };
  const of = (upstreamManifestGets: number | null) =>
    runOfCache(end, { upstreamManifestGets, counted }, true).upstreamPulls;
  assert.deepEqual([of(null), of(0)], [3, 0]);
});

test("a password with every request is told of", () => {
  const [said = ""] = warningsOf([], { ...ofCache, isBasic: true });
  assert.match(said, /^a password went along with every request \(Basic\)/);
});

test("errors that belong to no puller have no number", () => {
  const error = { puller: -1, kind: "timeout", count: 1200, firstAt: 0, sample: "prune: late" };
  assert.deepEqual(errorRows({ errors: [error] }), [["-", "timeout", "1,200", "prune: late"]]);
});

test("of servers that tell nothing there is one word a row, of others what they tell", () => {
  assert.deepEqual(
    serverFacts(unknownServer).map(([, text]) => text),
    ["n/a", "n/a", "n/a"],
  );
  const told = { ...unknownServer, upstreamManifestGets: 1200, held: { stored_bytes: 2048 } };
  assert.deepEqual(serverFacts(told).slice(2), [
    ["upstream answered", "1,200 manifest GETs, n/a blob GETs, n/a"],
    ["stored_bytes", "2.00KiB"],
  ]);
});

test("rate against pullers: up, down, and the line in proportion to the first one, a chart a phase", () => {
  const charts = scalingCharts([...filling, step({ phase: "warm" })]);
  assert.equal(charts.length, 1);
  const [chart] = charts;
  assert.deepEqual([chart?.name, chart?.at], ["run", [1, 2]]);
  assert.deepEqual(
    chart?.lines.map(({ values }) => values),
    [
      [10, 50],
      [40, null],
      [10, 20],
    ],
  );
});

test("rate against pullers: several steps of one level are one point, and without one puller there is no line", () => {
  const steps = [
    step({ level: 2, pulls: 100, speedUp: null }),
    step({ step: 2, level: 4, pulls: 300, speedUp: null }),
    step({ step: 3, level: 4, pulls: 500, speedUp: null }),
  ];
  assert.deepEqual(
    scalingCharts(steps).map(({ at, lines }) => [at, lines.map(({ values }) => values)]),
    [[[2, 4], [[10, 40]]]],
  );
});

for (const { name, perSecond, known, state, note } of [
  {
    name: "a machine that was never calibrated",
    perSecond: 5000,
    known: { kind: "none" },
    state: "unknown",
    note: /^no calibration of this machine/,
  },
  {
    name: "a rate far below the ceiling",
    perSecond: 100,
    known: { kind: "known", calibrations: [sampleCalibration()] },
    state: "below-ceiling",
    note: /^busiest step, 100\/s: below the ceiling of /,
  },
  {
    name: "a rate at the ceiling",
    perSecond: 1e7,
    known: { kind: "known", calibrations: [sampleCalibration()] },
    state: "near-ceiling",
    note: /^busiest step, .*the limit may be the generator$/,
  },
] as const satisfies readonly {
  readonly known: KnownCalibrations;
  readonly [key: string]: unknown;
}[])
  test(`the calibration says of ${name}: ${state}`, () => {
    const steps = [step({ requestsPerSecond: 1 }), step({ requestsPerSecond: perSecond })];
    const said = calibrationOfPull({ steps }, 1, known);
    assert.equal(said?.state, state);
    assert.match(said?.note ?? "", note);
  });

test("a dry run is held against no calibration", () => {
  assert.equal(
    calibrationOfPull({ steps: [step({ requestsPerSecond: 0 })] }, 1, { kind: "none" }),
    null,
  );
});
