import assert from "node:assert/strict";
import { test } from "node:test";
import { random } from "../../../src/core/random.ts";
import { compareLatencies, worstVerdict } from "../../../src/report/compare/compare-latencies.ts";
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
      a: run(`${pair}/${tag}/a`),
      b: run(`${pair}/${tag}/b`, factor),
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

test("compare: percentiles that one of the runs cannot support are left out, and short runs say nothing", () => {
  const short = run("short").slice(0, 3);
  const rows = compareLatencies([{ tag: "ping.service", a: short, b: run("long", 2) }], {
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
