import assert from "node:assert/strict";
import { test } from "node:test";
import { millis, nanos } from "../../src/core/units.ts";
import type { ThreadHealth } from "../../src/stats/tally.ts";
import { LateCause } from "../../src/stats/tally.ts";
import { allocateTally } from "../../src/stats/tally-layout.ts";
import { TallyReader } from "../../src/stats/tally-reader.ts";
import { judge, type RunCourse } from "../../src/stats/validity.ts";
import { whole, writerOf } from "./samples.ts";

const MS = 1e6;
const limits = { lateness: millis(100), share: 0.01, onTime: millis(10) };
const course: RunCourse = {
  paced: true,
  planned: 1000,
  plannedSeconds: 10,
  sendingSeconds: 10,
  placesKey: "client_info.threads",
  interrupted: false,
};
const quiet: ThreadHealth = {
  loopDelayP99: nanos(2 * MS),
  loopDelayMax: nanos(200 * MS),
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

type Case = {
  readonly name: string;
  readonly late?: number;
  readonly byMs?: number;
  readonly cause?: number;
  readonly loopMs?: number;
  readonly processor?: Partial<Pick<ThreadHealth, "wantedShare" | "starvedShare">>;
  readonly course?: Partial<RunCourse>;
  readonly verdict: "ok" | "strained" | "INVALID";
  readonly reason?: RegExp;
};

const cases: readonly Case[] = [
  { name: "everything on time", verdict: "ok" },
  {
    name: "1 % too late is still allowed, but strained",
    late: 10,
    byMs: 101,
    verdict: "strained",
    reason: /^10 operations \(1 %\) sent more than 100 ms late by the generator; 1 % are allowed$/,
  },
  { name: "over 1 % too late", late: 11, byMs: 101, verdict: "INVALID", reason: /^11 operations/ },
  { name: "a few too late", late: 3, byMs: 101, verdict: "ok" },
  { name: "many late, none too late", late: 500, byMs: 40, verdict: "ok" },
  { name: "p99 near the limit", late: 500, byMs: 60, verdict: "strained", reason: /lateness p99/ },
  {
    name: "late for want of places is the registry's doing",
    late: 900,
    byMs: 5000,
    cause: LateCause.slots,
    verdict: "strained",
    reason: /^900 operations \(90 %\) waited more than 10 ms .*client_info\.threads$/,
  },
  { name: "a slow event loop", loopMs: 101, verdict: "INVALID", reason: /worker 0 is 101 ms/ },
  { name: "a strained event loop", loopMs: 60, verdict: "strained", reason: /event-loop/ },
  {
    name: "late for want of places, while the thread was kept from running",
    late: 900,
    byMs: 5000,
    cause: LateCause.slots,
    processor: { wantedShare: 0.7, starvedShare: 0.6 },
    verdict: "INVALID",
    reason: /^worker 0 was ready to run but had no processor for 60 % of the run/,
  },
  {
    name: "late for want of places, while the thread never rested",
    late: 900,
    byMs: 5000,
    cause: LateCause.slots,
    processor: { wantedShare: 0.96 },
    verdict: "INVALID",
    reason: /^worker 0 needed 96 % of a processor, and never rested/,
  },
  {
    name: "the rate was missed for want of places, while the thread was kept from running",
    course: { sendingSeconds: 20 },
    late: 5,
    byMs: 50,
    cause: LateCause.slots,
    processor: { starvedShare: 0.6 },
    verdict: "INVALID",
    reason: /^worker 0 was ready to run/,
  },
  {
    name: "a thread that spins until the next is due",
    processor: { wantedShare: 1 },
    verdict: "ok",
  },
  {
    name: "kept from running, and in time nevertheless",
    processor: { wantedShare: 0.7, starvedShare: 0.6 },
    verdict: "strained",
    reason: /^worker 0 was ready to run but had no processor for 60 % of the run/,
  },
  {
    name: "kept from running in a run too short to tell",
    course: { plannedSeconds: 1.9, sendingSeconds: 1.9 },
    late: 900,
    byMs: 50,
    cause: LateCause.slots,
    processor: { wantedShare: 1, starvedShare: 1 },
    verdict: "strained",
    reason: /^900 operations .* waited/,
  },
  {
    name: "planned requests were not sent",
    course: { planned: 1001 },
    verdict: "INVALID",
    reason: /^not sent: 1 operation of 1001$/,
  },
  {
    name: "requests not sent because the run was interrupted",
    course: { planned: 5000, interrupted: true },
    verdict: "ok",
  },
  {
    name: "the rate was missed",
    course: { sendingSeconds: 10.2 },
    verdict: "INVALID",
    reason: /98\.04 % of the planned rate/,
  },
  {
    name: "the rate was missed because requests waited for places",
    course: { sendingSeconds: 20 },
    late: 500,
    byMs: 9000,
    cause: LateCause.slots,
    verdict: "strained",
    reason: /50 % of the planned rate/,
  },
  {
    name: "the rate was missed by so little that a rounded figure would not show it",
    course: { sendingSeconds: 10.104 },
    verdict: "INVALID",
    reason: /^98\.97 % of the planned rate/,
  },
  {
    name: "nearly all waited for a place, for seconds",
    late: 998,
    byMs: 5000,
    cause: LateCause.slots,
    verdict: "strained",
    reason: /^998 operations \(99\.8 %\) waited/,
  },
  {
    name: "a run of half a second",
    course: { plannedSeconds: 0.5, sendingSeconds: 0.6 },
    verdict: "ok",
  },
  {
    name: "nothing was due",
    course: { paced: false, planned: null, plannedSeconds: null, sendingSeconds: 99 },
    verdict: "ok",
  },
];

for (const { name, late = 0, byMs = 0, cause = LateCause.generator, ...rest } of cases) {
  const { loopMs = 2, processor } = rest;
  test(`validity: ${name}: ${rest.verdict}`, () => {
    const memory = allocateTally();
    const tally = writerOf(memory);
    for (let i = 0; i < 1000; i++) {
      const due = i * MS;
      const sent = due + (i < late ? byMs * MS : 0);
      whole(tally, { due, sent, done: sent + MS, cause });
    }
    tally.health({ ...quiet, ...processor, loopDelayP99: nanos(loopMs * MS) });
    const totals = new TallyReader([memory]).totals();
    const { verdict, reasons } = judge(totals, limits, { ...course, ...rest.course });
    assert.equal(verdict, rest.verdict, reasons.join("\n"));
    if (rest.reason === undefined) assert.deepEqual(reasons, []);
    else assert.match(reasons.join("\n"), new RegExp(rest.reason.source, "m"));
  });
}

test("validity: a run without a single request is ok, and says nothing", () => {
  const totals = new TallyReader([]).totals();
  assert.deepEqual(judge(totals, limits, { ...course, planned: 0 }), {
    verdict: "ok",
    cause: null,
    reasons: [],
  });
});
