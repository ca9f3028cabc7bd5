import { Piscina } from "piscina";
import { threadUrl } from "./thread-url.ts";

/**
 * Takes effect as the command-line flag does. Small, so that what is written to stays near the size of a cache; 4 and 8 showed
 * no longer median pause, but fewer collections. Figures: docs/performance.md, perf/gc-pauses.bench.ts.
 */
const YOUNG_GENERATION_MB = 2;

/** Request worker threads, each for one task: `thread/main.ts`. */
export const requestPool = (threads: number): Piscina =>
  new Piscina({
    filename: threadUrl("thread/main").href,
    name: "serveRequests",
    minThreads: threads,
    maxThreads: threads,
    // A thread between tasks would block in Atomics.wait; ours have one task each and must never block.
    atomics: "disabled",
    resourceLimits: { maxYoungGenerationSizeMb: YOUNG_GENERATION_MB },
  });
