// What is known when all threads of a run are ready, and when it starts then.
import type { Clock } from "../core/clock.ts";

/** Between "everybody is ready" and the first due time: a start message arrives well within it. */
const START_AHEAD_NS = 20e6;

export type ReadyThreads = {
  readonly clock: Clock;
  /** Where the clock counts from. */
  readonly origin: bigint;
  /** Why a registry that connections were to be opened to has none. */
  readonly unopened: string | undefined;
};

/** An instant on the clock, ns. Where a registry takes no connection, the first requests will tell. */
export const soon = async ({ clock }: ReadyThreads): Promise<number> =>
  clock.now() + START_AHEAD_NS;
