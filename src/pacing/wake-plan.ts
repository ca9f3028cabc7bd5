// Decides how a request worker thread waits for its next due time. Pure: the thread asks, sleeps and comes back.
//
//   now                     due - SPIN_NEAR        due
//    |-------- timer ---------------|--- look ---------|----> send        precise
//    |-------- timer --------|--------- alarm ---------|----> send        balanced
//    |-------- timer ----------------------------------|----> send        economical
//
// A timer may fire up to a millisecond early or late. So `precise` sets it short and then looks at the clock all the time, and
// lets the event loop turn every 20 us, which costs a core while it lasts; `balanced` has a thread of its own ring at the due
// time, a twentieth of a core at 1,000 requests/s; `economical` leaves the last millisecond to the timer as well: requests go
// out up to about a millisecond late, several at a time where the rate is high. Figures: docs/performance.md.
import type { Nanos } from "../core/units.ts";

export const pacingModes = ["economical", "balanced", "precise"] as const;
export type PacingMode = (typeof pacingModes)[number];

/** `again` = look again on the next turn of the event loop; `alarm` = be rung at the due time; else a timer, milliseconds. */
export type WakePlan =
  | { readonly kind: "again" }
  | { readonly kind: "alarm" }
  | { readonly kind: "timer"; readonly ms: number };

const SPIN_NEAR_NS = 2.2e6;
const TIMER_EARLY_NS = 1.2e6;
/** Longest timer: a thread looks at its ring and its orders at least this often. */
export const WAKE_MS_MAX = 1000;
const WAKE_NS_MAX = WAKE_MS_MAX * 1e6;

const AGAIN: WakePlan = { kind: "again" };
const ALARM: WakePlan = { kind: "alarm" };

export function wakePlan(mode: PacingMode, now: Nanos, due: Nanos): WakePlan {
  const ahead = due - now;
  switch (mode) {
    case "precise":
      return ahead <= SPIN_NEAR_NS ? AGAIN : timer(Math.floor((ahead - TIMER_EARLY_NS) / 1e6));
    case "balanced":
      if (ahead <= 0) return AGAIN;
      return ahead <= WAKE_NS_MAX ? ALARM : timer(WAKE_MS_MAX);
    case "economical":
      return timer(Math.floor(ahead / 1e6));
    default:
      return mode satisfies never;
  }
}

const timer = (ms: number): WakePlan => ({
  kind: "timer",
  ms: Math.min(WAKE_MS_MAX, Math.max(1, ms)),
});

/** Cores beside those of the request worker threads that let a spinning thread disturb nobody. */
const CORES_TO_SPARE = 2;
/** Above it, a thread that rings for each request costs more than it gives. */
const ALARMS_PER_SECOND_MAX = 20_000;

/**
 * `precise` where every worker thread may burn a core and reader, main thread and registry still have theirs; otherwise
 * `balanced`, unless the rate is so high that many requests are due with every tick of a timer anyway. `rate` in requests per
 * second over all threads; null = not known beforehand, as with a trace.
 */
export function choosePacing({
  cores,
  workerThreads,
  rate,
}: {
  cores: number;
  workerThreads: number;
  rate: number | null;
}): PacingMode {
  if (cores >= workerThreads + CORES_TO_SPARE) return "precise";
  return rate !== null && rate > ALARMS_PER_SECOND_MAX ? "economical" : "balanced";
}
