import type { NodeReport } from "../../workers/node-report.ts";
import type { NodeHandle } from "./node-handle.ts";

/** What is to be said of a node. */
export function nodeReport(node: NodeHandle): NodeReport {
  const { done, clocks, hello, conversation } = node;
  const firstSentNs = done?.health.firstSentNs ?? Number.NaN;
  return {
    node: node.index,
    name: hello.name,
    address: conversation.peer,
    cores: hello.cores,
    rows: node.rows,
    ...node.totals.soFar,
    clockBoundMs: (clocks?.bound ?? 0) / 1e6,
    wallAheadMs: clocks?.wallAheadMs ?? 0,
    clockStepMs: done?.health.clockStepMs ?? 0,
    firstSentMs: Number.isNaN(firstSentNs) ? null : firstSentNs / 1e6,
    cuts: conversation.cuts,
    longestCutMs: conversation.longestCutMs,
    held: done?.health.held ?? 0,
    dropped: done?.health.dropped ?? 0,
    lost: node.state === "lost" ? node.reason : null,
    lostOperations: node.lostOperations,
    dealtAgain: node.dealtAgain,
  };
}
