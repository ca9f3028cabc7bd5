import assert from "node:assert/strict";
import { test } from "node:test";
import { random } from "../../../src/core/random.ts";
import { compareLatencies } from "../../../src/report/compare/compare-latencies.ts";
import { worstVerdict } from "../../../src/report/compare/judgement.ts";
import { studentT } from "../../../src/report/compare/student-t.ts";
import { type Distribution, DistributionSum } from "../../../src/stats/distribution.ts";

const SECONDS = 40;
const PER_SECOND = 200;

/** Log-normal latencies around 5 ms; every second is a little faster or slower as a whole, as machines are. */
function run(seed: string, factor = 1): Distribution[] {
  const chance = random(seed);
  const normal = (): number =>
    Math.sqrt(-2 * Math.log(1 - chance.next())) * Math.cos(2 * Math.PI * chance.next());
  return Array.from({ length: SECONDS }, () => {
    const sum = new DistributionSum();
    const second = 1 + 0.03 * normal();
    for (let i = 0; i < PER_SECOND; i++) {
      sum.addValue(5e6 * factor * second * Math.exp(0.4 * normal()));
    }
    return sum.take();
  });
}

const pairs = Array.from({ length: 10 }, (_, pair) => pair);
const compared = (pair: number, factor: number) =>
  compareLatencies(
    ["get-blob.response"].map((tag) => ({
      tag,
      a: [run(`${pair}/${tag}/a`)],
      b: [run(`${pair}/${tag}/b`, factor)],
    })),
    { seed: "0", minimum: 0.05 },
  );

test("compare: of ten pairs of the same thing at least nine are same or inconclusive", () => {
  const verdicts = pairs.map((pair) => worstVerdict(compared(pair, 1)));
  const quiet = verdicts.filter((verdict) => verdict === "same" || verdict === "inconclusive");
  assert.ok(quiet.length >= 9, verdicts.join(" "));
});

for (const { name, factor, verdict } of [
  { name: "ten percent more latency is worse", factor: 1.1, verdict: "worse" },
  { name: "ten percent less is better", factor: 0.9, verdict: "better" },
]) {
  test(`compare: ${name} in all of ten pairs`, () => {
    const verdicts = pairs.map((pair) => worstVerdict(compared(pair, factor)));
    assert.deepEqual(new Set(verdicts), new Set([verdict]));
  });
}

test("compare: the same seed gives the same intervals, and the difference lies in them", () => {
  const rows = compared(3, 1.1);
  assert.deepEqual(rows, compared(3, 1.1));
  for (const { difference, interval } of rows) {
    assert.ok(interval !== null && interval[0] <= difference && difference <= interval[1]);
  }
});

test("compare: however much the seconds of short runs differ, no interval says that B takes less than no time", () => {
  const seconds = (scale: readonly number[]) =>
    scale.flatMap((factor, at) => run(`wild ${at}`, factor).slice(0, 2));
  const wild = {
    tag: "ping.service",
    a: [seconds([1, 9, 1, 20, 1])],
    b: [seconds([1, 1, 2, 1, 1])],
  };
  for (const { interval, difference } of compareLatencies([wild], { seed: "0", minimum: 0.05 })) {
    assert.ok(interval !== null && interval[0] > -1, String(interval));
    assert.ok(interval[0] <= difference && difference <= interval[1]);
  }
});

test("compare: percentiles that one of the runs cannot support are left out, and short runs say nothing", () => {
  const short = run("short").slice(0, 3);
  const rows = compareLatencies([{ tag: "ping.service", a: [short], b: [run("long", 2)] }], {
    seed: "0",
    minimum: 0.05,
  });
  assert.deepEqual(
    rows.map(({ percent, verdict, interval }) => [percent, verdict, interval]),
    [
      [50, "inconclusive", null],
      [90, "inconclusive", null],
    ],
  );
});

/** Runs of the same thing that differ as runs do: each as a whole is a little faster or slower. */
const runsOf = (seed: string, factor = 1): Distribution[][] => {
  const chance = random(seed);
  return Array.from({ length: 4 }, (_, number) =>
    run(`${seed}/${number}`, factor * (1 + 0.04 * (chance.next() - 0.5))),
  );
};

const comparedRuns = (pair: number, factor: number) =>
  compareLatencies(
    [{ tag: "get-blob.response", a: runsOf(`${pair}/a`), b: runsOf(`${pair}/b`, factor) }],
    { seed: "0", minimum: 0.05 },
  );

test("compare: of ten pairs of four runs each of the same thing at least nine are same or inconclusive", () => {
  const verdicts = pairs.map((pair) => worstVerdict(comparedRuns(pair, 1)));
  const quiet = verdicts.filter((verdict) => verdict === "same" || verdict === "inconclusive");
  assert.ok(quiet.length >= 9, verdicts.join(" "));
});

test("compare: of four runs each, fifteen percent more latency is worse in all of ten pairs", () => {
  const verdicts = pairs.map((pair) => worstVerdict(comparedRuns(pair, 1.15)));
  assert.deepEqual(new Set(verdicts), new Set(["worse"]), verdicts.join(" "));
});

test("compare: what differs from run to run widens the interval, which seconds of two runs cannot see", () => {
  const [a, b] = [runsOf("spread/a"), runsOf("spread/b")];
  const widthOf = (runs: { a: Distribution[][]; b: Distribution[][] }): number => {
    const [row] = compareLatencies([{ tag: "ping.service", ...runs }], {
      seed: "0",
      minimum: 0.05,
    });
    const [low, high] = row?.interval ?? [0, 0];
    return high - low;
  };
  assert.ok(widthOf({ a, b }) > widthOf({ a: a.slice(0, 1), b: b.slice(0, 1) }));
});

for (const { freedom, share, t } of [
  { freedom: 1, share: 0.95, t: 12.706 },
  { freedom: 4, share: 0.95, t: 2.776 },
  { freedom: 4, share: 0.995, t: 5.598 },
  { freedom: 10, share: 0.99, t: 3.169 },
  { freedom: 1e6, share: 0.95, t: 1.96 },
])
  test(`compare: Student's t of ${freedom} degrees of freedom, ${share}: ${t}, as tables have it`, () => {
    assert.equal(Number(studentT(share, freedom).toFixed(3)), t);
  });
