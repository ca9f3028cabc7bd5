// The course of a run in lines.
import assert from "node:assert/strict";
import { test } from "node:test";
import { PlainView } from "../../../src/cli/live/plain-view.ts";
import { nanos } from "../../../src/core/units.ts";
import { seriesPoint } from "../../../src/report/timeseries.ts";
import { allocateTally } from "../../../src/stats/tally-layout.ts";
import { TallyReader } from "../../../src/stats/tally-reader.ts";
import { whole, writerOf } from "../../stats/samples.ts";

test("a line tells the rate since the one before, however short the last interval was", () => {
  const lines: string[] = [];
  const view = new PlainView((line) => lines.push(line), { quiet: false, silent: false });
  const memory = allocateTally();
  const [tally, reader] = [writerOf(memory), new TallyReader([memory])];
  let at = 0;
  const interval = (seconds: number, requests: number): void => {
    for (let request = 0; request < requests; request++) whole(tally, { sent: 0, done: 1e6 });
    const snapshot = reader.takeInterval(nanos(at), nanos(at + seconds * 1e9));
    at += seconds * 1e9;
    view.interval(seriesPoint(snapshot, null));
  };
  for (let second = 0; second < 9; second++) interval(1, 200);
  interval(0.999, 200);
  interval(0.004, 0);
  for (let second = 0; second < 15; second++) interval(1, 1000);
  assert.match(lines[0] ?? "", /^10 s: 2,000 done, 200\/s, /);
  assert.match(lines[1] ?? "", /^25 s: 17,000 done, 1,000\/s, /);
  assert.equal(lines.length, 2);
});
