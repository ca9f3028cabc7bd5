import assert from "node:assert/strict";
import { test } from "node:test";
import { progressLine } from "../../src/cli/simulate/simulation-progress.ts";

const elapsedMs = 10_000;

for (const { at, says } of [
  { at: { phase: "starting", done: 0, total: 0, elapsedMs }, says: undefined },
  {
    at: { phase: "reading", done: 1024, total: 4096, elapsedMs },
    says: "reading the trace: 1.00KiB of 4.00KiB, 30.0 s to go",
  },
  { at: { phase: "reading", done: 4096, total: 4096, elapsedMs }, says: "sorting the trace" },
  {
    at: { phase: "simulating", done: 0, total: 2000, elapsedMs },
    says: "simulating: 0 of 2,000 requests",
  },
  {
    at: { phase: "simulating", done: 1000, total: 2000, elapsedMs },
    says: "simulating: 1,000 of 2,000 requests, 10.0 s to go",
  },
  {
    at: { phase: "simulating", done: 10, total: 2000, elapsedMs: 100 },
    says: "simulating: 10 of 2,000 requests",
  },
  {
    at: { phase: "simulating", done: 2000, total: 2000, elapsedMs },
    says: "simulating: all 2,000 requests are handed over",
  },
  {
    at: { phase: "afterwards", done: 1, total: 4, elapsedMs },
    says: "simulating again, now that the whole is known: 25.0%, 30.0 s to go",
  },
] as const) {
  test(`${at.phase}, ${at.done} of ${at.total} after ${at.elapsedMs} ms: ${says ?? "nothing"}`, () => {
    assert.equal(progressLine(at), says);
  });
}
