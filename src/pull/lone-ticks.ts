import type { Clock } from "../core/clock.ts";
import { LONGEST_TIMER_MS } from "./halt.ts";

/**
 * Ticks of a run without a schedule, at multiples of the period behind `from` (ns), until `end` is called. A late timer does not
 * shift those behind it.
 */
export function tickAlone(
  clock: Clock,
  {
    from,
    periodMs,
    tick,
  }: { readonly from: number; readonly periodMs: number; readonly tick: () => void },
): { end(): void } {
  const period = periodMs * 1e6;
  let at = from + period;
  let timer: NodeJS.Timeout;
  const wait = (): void => {
    timer = setTimeout(due, Math.min(LONGEST_TIMER_MS, Math.max(0, (at - clock.now()) / 1e6)));
  };
  const due = (): void => {
    if (clock.now() >= at) {
      tick();
      at += period;
    }
    wait();
  };
  wait();
  return { end: () => clearTimeout(timer) };
}
