import { formatCount, timesText } from "../../report/number-format.ts";
import type { NodeReport } from "../../workers/node-report.ts";

/** A node as a line of the report: who it was, what it did, what is odd about it. */
export function nodeFact(report: NodeReport, rowsAre = "rows"): [string, string] {
  const { node, name, address, cores, rows, clockBoundMs, firstSentMs, lost } = report;
  const parts = [
    name === address ? address : `${name} at ${address}`,
    `${cores} processors`,
    `${formatCount(rows)} ${rowsAre}`,
    `clock known to ${clockBoundMs.toFixed(2)} ms`,
    ...(firstSentMs === null ? [] : [`first sent after ${firstSentMs.toFixed(2)} ms`]),
    ...oddities(report),
    ...(lost === null ? [] : [`LOST: ${lost}`]),
  ];
  return [`node ${node}`, parts.join(", ")];
}

/** Less than this is the noise of reading two clocks. */
const STEP_MS = 10;

function oddities(report: NodeReport): string[] {
  const { cuts, longestCutMs, clockStepMs, held, dropped, lostOperations, dealtAgain } = report;
  return [
    ...(cuts === 0
      ? []
      : [`cut off ${timesText(cuts)}, for ${(longestCutMs / 1000).toFixed(1)} s at most`]),
    ...(Math.abs(clockStepMs) < STEP_MS
      ? []
      : [`its wall clock stepped by ${clockStepMs.toFixed(0)} ms; the schedule did not`]),
    ...(held === 0 ? [] : [`held rows back ${timesText(held)}`]),
    ...(dropped === 0 ? [] : [`dropped ${dropped} rows, which the master did not take in time`]),
    ...(lostOperations === 0
      ? []
      : [`${lostOperations} operations without an outcome, ${dealtAgain} of them dealt again`]),
  ];
}
