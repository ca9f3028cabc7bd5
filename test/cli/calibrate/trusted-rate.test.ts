import assert from "node:assert/strict";
import { test } from "node:test";
import type { Rung } from "../../../src/cli/calibrate/calibration.ts";
import {
  isSearchOver,
  judgeProbe,
  judgeRung,
  largestHeld,
  roundedDown,
  withMargin,
} from "../../../src/cli/calibrate/trusted-rate.ts";
import { nanos } from "../../../src/core/units.ts";
import { LateCause } from "../../../src/stats/tally.ts";
import { allocateTally } from "../../../src/stats/tally-layout.ts";
import { TallyReader } from "../../../src/stats/tally-reader.ts";
import { whole, writerOf } from "../../stats/samples.ts";

const MS = 1e6;

/** Rates of 1000, 2000, … requests per second that held (`+`) or did not. */
const rungs = (held: string): Rung[] =>
  [...held].map((letter, index) => ({
    rate: (index + 1) * 1000,
    held: letter === "+",
    why: letter === "+" ? null : "late",
  }));

for (const { held, largest, over } of [
  { held: "", largest: null, over: false },
  { held: "+", largest: 1000, over: false },
  { held: "+-", largest: 1000, over: false },
  { held: "+-+", largest: 3000, over: false },
  { held: "++--", largest: 2000, over: true },
  { held: "--", largest: null, over: true },
  { held: "-+-+-", largest: 4000, over: false },
]) {
  test(`trusted rate: of the rates "${held}" the largest that held is ${largest}, and the search is ${over ? "" : "not "}over`, () => {
    assert.equal(largestHeld(rungs(held)), largest);
    assert.equal(isSearchOver(rungs(held)), over);
  });
}

for (const { rate, rounded } of [
  { rate: 9512.3, rounded: 9500 },
  { rate: 99_999, rounded: 99_000 },
  { rate: 40_000, rounded: 40_000 },
  { rate: 0.8 * 50_000, rounded: 40_000 },
  { rate: 123, rounded: 120 },
  { rate: 7, rounded: 7 },
]) {
  test(`trusted rate: ${rate} is told as ${rounded}`, () =>
    assert.equal(roundedDown(rate), rounded));
}

test("trusted rate: a fifth is kept in reserve", () => {
  assert.equal(withMargin(12_000), 9600);
  assert.equal(withMargin(7500), 6000);
});

const SENT = 1000;
const course = { planned: SENT, plannedSeconds: 1, sendingSeconds: 1 };

function totalsOf({ late = 0, byMs = 0, cause = LateCause.generator as number, sent = SENT }) {
  const memory = allocateTally();
  const tally = writerOf(memory);
  for (let i = 0; i < sent; i++) {
    const due = i * MS;
    const sentAt = due + (i < late ? byMs * MS : 0);
    whole(tally, { due, sent: sentAt, done: sentAt + MS, cause });
  }
  return new TallyReader([memory]).totals();
}

for (const { name, change, held, why } of [
  { name: "everything on time", change: {}, held: true, why: null },
  {
    name: "over 1 % sent over 100 ms late",
    change: { late: 11, byMs: 101 },
    held: false,
    why: /^11 operations/,
  },
  {
    name: "a tenth waited for a place of the responder",
    change: { late: 100, byMs: 30, cause: LateCause.slots },
    held: true,
    why: null,
  },
  {
    name: "more than a tenth waited for a place",
    change: { late: 101, byMs: 30, cause: LateCause.slots },
    held: false,
    why: /waited more than 10 ms/,
  },
  { name: "lateness p99 above 50 ms", change: { late: 100, byMs: 60 }, held: false, why: /p99/ },
  {
    name: "a tenth not sent when the time was over",
    change: { sent: 899 },
    held: false,
    why: /^899 of 1000 requests were sent$/,
  },
  { name: "nothing sent at all", change: { sent: 0 }, held: false, why: /^0 of 1000/ },
]) {
  test(`trusted rate: ${name}: ${held ? "held" : "did not hold"}`, () => {
    const rung = judgeRung(1000, 1, totalsOf(change));
    assert.equal(rung.held, held);
    if (why === null) assert.equal(rung.why, null);
    else assert.match(rung.why ?? "", why);
  });
}

test("trusted rate: the delay of event loops counts for a run, and not for one rate of several", () => {
  const health = {
    loopDelayP99: nanos(120 * MS),
    loopDelayMax: nanos(120 * MS),
    loopDelayRecent: nanos(2),
    gcCount: 0,
    gcNanos: nanos(0),
    gcP50: nanos(0),
    gcP99: nanos(0),
    gcMax: nanos(0),
    cpuShare: 1,
    wantedShare: 0.2,
    starvedShare: 0,
  };
  const totals = { ...totalsOf({}), health: [health] };
  assert.equal(judgeRung(1000, 1, totals).held, true);
  assert.equal(judgeProbe(totals, course).verdict, "INVALID");
});

for (const { name, change, verdict } of [
  { name: "one request was never sent", change: { planned: SENT + 1 }, verdict: "INVALID" },
  { name: "sending took 2 % longer", change: { sendingSeconds: 1.02 }, verdict: "INVALID" },
  { name: "all was as planned", change: {}, verdict: "ok" },
]) {
  test(`trusted rate: where ${name}, the rate run once more is ${verdict}`, () =>
    assert.equal(judgeProbe(totalsOf({}), { ...course, ...change }).verdict, verdict));
}
