// Nodes whose clocks are not known well enough, or are plainly wrong, do not take part.
import type { Clock } from "../../core/clock.ts";
import type { NodeHandle } from "./node-handle.ts";

export type ClockLimits = {
  /** Largest error of a clock, ms: above the first a warning, above the second no run. */
  readonly clockBoundMs: number;
  readonly clockBoundMaxMs: number;
  /** Largest difference of wall clocks, ms. */
  readonly wallAheadMaxMs: number;
  /** What the user should know. */
  readonly say: (line: string) => void;
};

/** One node after the other: the rounds of one are not held up by those of others. Nodes that fail are given up. */
export async function checkClocks(
  nodes: readonly NodeHandle[],
  clock: Clock,
  limits: ClockLimits,
): Promise<void> {
  for (const node of nodes) {
    await node.measureClocks(clock);
    const refusal = refusalOf(node, limits);
    if (refusal !== undefined) node.lose(refusal);
  }
}

function refusalOf(
  { clocks, title }: NodeHandle,
  { clockBoundMs, clockBoundMaxMs, wallAheadMaxMs, say }: ClockLimits,
): string | undefined {
  if (clocks === undefined) return "it does not answer questions about its clock";
  const boundMs = clocks.bound / 1e6;
  const known = `known to ${boundMs.toFixed(1)} ms only`;
  if (boundMs > clockBoundMaxMs)
    return `its clock is ${known}, ${clockBoundMaxMs} ms are allowed: the way to it is too slow`;
  const { wallAheadMs } = clocks;
  if (Math.abs(wallAheadMs) > wallAheadMaxMs) return wallSentence(wallAheadMs, wallAheadMaxMs);
  if (boundMs > clockBoundMs)
    say(
      `warning: the clock of node ${title} is ${known}; cluster.clock_bound is ${clockBoundMs} ms`,
    );
  return undefined;
}

function wallSentence(aheadMs: number, allowedMs: number): string {
  const seconds = (Math.abs(aheadMs) / 1000).toFixed(3);
  const side = aheadMs > 0 ? "ahead of" : "behind";
  return `its clock is ${seconds} s ${side} the master's, ${allowedMs / 1000} s are allowed: set both by NTP`;
}
