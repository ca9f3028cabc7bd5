// Decides how a request worker thread waits for its next due time. Pure: the thread asks, sleeps and comes back.
//
//   now                     due - SPIN_NEAR        due
//    |-------- timer ---------------|--- look again ---|----> send
//
// A timer may fire up to a millisecond early or late, so `precise` sets it short and then looks at the clock on every turn
// of the event loop, which costs a core while it lasts. `economical` leaves the last millisecond to the timer as well:
// requests go out up to about a millisecond late, several at a time where the rate is high.
import type { Nanos } from "../core/units.ts";

export type PacingMode = "economical" | "precise";

/** `again` = look again on the next turn of the event loop; otherwise the delay of a timer, milliseconds. */
export type WakePlan = { readonly kind: "again" } | { readonly kind: "timer"; readonly ms: number };

const SPIN_NEAR_NS = 2.2e6;
const TIMER_EARLY_NS = 1.2e6;
/** Longest timer: a thread looks at its ring and its orders at least this often. */
export const WAKE_MS_MAX = 1000;

const AGAIN: WakePlan = { kind: "again" };

export function wakePlan(mode: PacingMode, now: Nanos, due: Nanos): WakePlan {
  const ahead = due - now;
  if (mode === "precise") {
    if (ahead <= SPIN_NEAR_NS) return AGAIN;
    return timer(Math.floor((ahead - TIMER_EARLY_NS) / 1e6));
  }
  return timer(Math.floor(ahead / 1e6));
}

const timer = (ms: number): WakePlan => ({
  kind: "timer",
  ms: Math.min(WAKE_MS_MAX, Math.max(1, ms)),
});

/** Cores beside those of the request worker threads that let a spinning thread disturb nobody. */
const CORES_TO_SPARE = 2;

/** `precise` where every worker thread may burn a core and reader, main thread and registry still have theirs. */
export function choosePacing(cores: number, workerThreads: number): PacingMode {
  return cores >= workerThreads + CORES_TO_SPARE ? "precise" : "economical";
}
