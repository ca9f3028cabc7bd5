import assert from "node:assert/strict";
import { test } from "node:test";
import { PlainView } from "../../../src/cli/live/plain-view.ts";
import { nanos } from "../../../src/core/units.ts";
import { seriesPoint } from "../../../src/report/timeseries.ts";
import { allocateTally } from "../../../src/stats/tally-layout.ts";
import { TallyReader } from "../../../src/stats/tally-reader.ts";

const SECONDS = 90;

/** Seconds at whose end a line was written. */
function lineSeconds(how: { readonly silent: boolean; readonly verbose?: boolean }): number[] {
  const lines: string[] = [];
  const view = new PlainView((line) => void lines.push(line), { quiet: false, ...how });
  const reader = new TallyReader([allocateTally()]);
  for (let second = 0; second < SECONDS; second++) {
    const snapshot = reader.takeInterval(nanos(second * 1e9), nanos((second + 1) * 1e9));
    view.interval(seriesPoint(snapshot, null));
  }
  return lines.map((line) => Number(/^(\d+) s: 0 done, /.exec(line)?.[1]));
}

for (const { name, how, seconds } of [
  { name: "slow down", how: { silent: false }, seconds: [10, 25, 48, 82] },
  {
    name: "come each second where more is asked for",
    how: { silent: false, verbose: true },
    seconds: Array.from({ length: SECONDS }, (_, second) => second + 1),
  },
  { name: "are left out", how: { silent: true, verbose: true }, seconds: [] },
]) {
  test(`plain view: lines ${name}`, () => assert.deepEqual(lineSeconds(how), seconds));
}
