import { setImmediate as turn } from "node:timers/promises";
import type { LoadFeedPlan } from "../../workers/feed-plan.ts";
import { loadPacer } from "../../workers/load-pacer.ts";

/** Requests between two turns of the event loop, some milliseconds. */
const REQUESTS_A_TURN = 65_536;

export type LoadCount = {
  /** Schedule time, ns: what is due later is not counted. */
  readonly until: number;
  /** Requests of the share in each second. */
  readonly planned: (second: number, operations: number) => void;
};

/** How many requests of a load a node has, one of `share`; undefined where nothing has a due time. */
export async function countLostLoad(
  { schedule, seed, share }: LoadFeedPlan,
  { until, planned }: LoadCount,
): Promise<number | undefined> {
  if (schedule.kind === "closed") return undefined;
  const { index, count } = share ?? { index: 0, count: 1 };
  const pacer = loadPacer(schedule, seed);
  const seconds = new Map<number, number>();
  let requests = 0;
  for (let next = 0; ; next++) {
    // Asked in order: arrivals at random add up.
    const due = pacer.dueAt(next);
    if (due === undefined || due > until) break;
    if (next % REQUESTS_A_TURN === 0) await turn();
    if (next % count !== index) continue;
    requests++;
    const second = Math.floor(due / 1e9);
    seconds.set(second, (seconds.get(second) ?? 0) + 1);
  }
  for (const [second, operations] of seconds) planned(second, operations);
  return requests;
}
