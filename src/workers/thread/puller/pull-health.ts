// How a thread of pullers is doing itself, since the last step began: event-loop delay and processor time. Four readings a
// second, so that the figures of a step are complete when it ends.
import { monitorEventLoopDelay, performance } from "node:perf_hooks";
import { nanos } from "../../../core/units.ts";
import type { TallyWriter } from "../../../stats/tally.ts";
import { BoardWord, type PullBoard } from "../../pull-board.ts";
import { ProcessorWatch } from "../processor-time.ts";

const EVERY_MS = 250;
/** The monitor counts the time between two ticks of a timer, so its own period is no delay. */
const RESOLUTION_MS = 10;
const RESOLUTION_NS = RESOLUTION_MS * 1e6;

export function watchPullHealth(
  tally: TallyWriter,
  board: PullBoard,
): { readonly restart: () => void; readonly close: () => void } {
  const loop = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  loop.enable();
  let before = performance.eventLoopUtilization();
  const processor = new ProcessorWatch();
  const report = (): void => {
    const { wanted, starved } = processor.shares();
    const cpuNanos = threadCpuNanos();
    board.set(BoardWord.cpuNanos, cpuNanos ?? performance.eventLoopUtilization().active * 1e6);
    tally.health({
      loopDelayP99: nanos(Math.max(0, loop.percentile(99) - RESOLUTION_NS)),
      loopDelayMax: nanos(Math.max(0, loop.max - RESOLUTION_NS)),
      loopDelayRecent: nanos(Math.max(0, loop.max - RESOLUTION_NS)),
      gcCount: 0,
      gcNanos: nanos(0),
      gcP50: nanos(0),
      gcP99: nanos(0),
      gcMax: nanos(0),
      cpuShare: performance.eventLoopUtilization(performance.eventLoopUtilization(), before)
        .utilization,
      wantedShare: wanted,
      starvedShare: starved,
    });
  };
  const timer = setInterval(report, EVERY_MS);
  return {
    restart(): void {
      loop.reset();
      before = performance.eventLoopUtilization();
      processor.restart();
      report();
    },
    close(): void {
      clearInterval(timer);
      report();
      loop.disable();
    },
  };
}

/** Processor time of this thread alone, where Node tells it (from 23.9 on). */
function threadCpuNanos(): number | undefined {
  if (typeof process.threadCpuUsage !== "function") return undefined;
  const { user, system } = process.threadCpuUsage();
  return (user + system) * 1000;
}
