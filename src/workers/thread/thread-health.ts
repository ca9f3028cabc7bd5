// How the thread itself is doing: event-loop delay, garbage collection, share of a processor. One reading a second.
import {
  createHistogram,
  monitorEventLoopDelay,
  PerformanceObserver,
  performance,
} from "node:perf_hooks";
import { threadId } from "node:worker_threads";
import { nanos } from "../../core/units.ts";
import type { TallyWriter } from "../../stats/tally.ts";
import { ProcessorWatch } from "./processor-time.ts";

const EVERY_MS = 1000;
/** The golden ratio: steps of it round a circle stay as far from each other as can be. */
const STEP = 0.618034;
/** The monitor counts the time between two ticks of a timer, so its own period is no delay. */
const RESOLUTION_MS = 10;
const RESOLUTION_NS = RESOLUTION_MS * 1e6;

/**
 * `begin` when the run begins: shares of the processor count from then on, not from when the thread was made. A thread that
 * `spins` until the next operation is due always wants a processor, which says nothing of what it needs.
 */
export function watchHealth(
  tally: TallyWriter,
  { spins }: { readonly spins: boolean },
): { begin(): void; close(): void } {
  const loop = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  loop.enable();
  // Both tick at the same instants, so the second one wakes nobody.
  const recent = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  recent.enable();
  const pauses = createHistogram();
  let pauseNanos = 0;
  const observer = new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) {
      pauseNanos += duration * 1e6;
      // The histogram takes whole numbers from 1 on.
      pauses.record(Math.max(1, Math.round(duration * 1e6)));
    }
  });
  observer.observe({ entryTypes: ["gc"] });
  let before = performance.eventLoopUtilization();
  const processor = new ProcessorWatch();
  const report = (): void => {
    const now = performance.eventLoopUtilization();
    const { wanted, starved } = processor.shares();
    tally.health({
      loopDelayP99: nanos(Math.max(0, loop.percentile(99) - RESOLUTION_NS)),
      loopDelayMax: nanos(Math.max(0, loop.max - RESOLUTION_NS)),
      loopDelayRecent: nanos(Math.max(0, recent.max - RESOLUTION_NS)),
      gcCount: pauses.count,
      gcNanos: nanos(pauseNanos),
      gcP50: nanos(pauses.percentile(50)),
      gcP99: nanos(pauses.percentile(99)),
      gcMax: nanos(pauses.max),
      cpuShare: performance.eventLoopUtilization(now, before).utilization,
      wantedShare: spins ? 0 : wanted,
      starvedShare: starved,
    });
    before = now;
    recent.reset();
  };
  // A reading takes the thread half a millisecond. Threads and processes that start together take theirs one after the other.
  let timer = setTimeout(
    () => {
      report();
      timer = setInterval(report, EVERY_MS);
    },
    (((process.pid + threadId) * STEP) % 1) * EVERY_MS,
  );
  return {
    begin: () => processor.restart(),
    close(): void {
      clearTimeout(timer);
      report();
      loop.disable();
      recent.disable();
      observer.disconnect();
    },
  };
}
