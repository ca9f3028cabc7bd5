// How much of its time a thread ran, and how much it was ready to run but waited for a processor: who shares a processor with
// others stamps too late and sends too late, without being to blame. One reading a second.
import { readFileSync } from "node:fs";

/** Nanoseconds since the thread began. */
type ProcessorTime = { readonly ran: number; readonly waited: number };

/** Shares of the time since `restart`, 0..1. Both 0 where the system does not tell. */
export type ProcessorShares = {
  /** Ran, or would have run. */
  readonly wanted: number;
  /** Was ready to run, and did not. */
  readonly starved: number;
};

/** Of the calling thread; Linux alone tells: `ran waited slices`. Source: Documentation/scheduler/sched-stats.rst of the kernel. */
const SCHEDULE = "/proc/thread-self/schedstat";

function processorTime(): ProcessorTime | undefined {
  try {
    const [ran, waited] = readFileSync(SCHEDULE, "utf8").split(" ").map(Number);
    const told = Number.isFinite(ran) && Number.isFinite(waited);
    return told ? { ran: ran as number, waited: waited as number } : undefined;
  } catch {
    return undefined;
  }
}

export class ProcessorWatch {
  #before = processorTime();
  #at = performance.now();

  /** Shares count from now on. */
  restart(): void {
    this.#before = processorTime();
    this.#at = performance.now();
  }

  shares(): ProcessorShares {
    const now = processorTime();
    const nanos = (performance.now() - this.#at) * 1e6;
    if (now === undefined || this.#before === undefined || nanos <= 0)
      return { wanted: 0, starved: 0 };
    const waited = now.waited - this.#before.waited;
    const share = (part: number): number => Math.min(1, Math.max(0, part / nanos));
    return { wanted: share(now.ran - this.#before.ran + waited), starved: share(waited) };
  }
}
