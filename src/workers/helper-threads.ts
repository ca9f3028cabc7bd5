// V8's own threads compile and collect garbage for milliseconds at a time. On a machine whose cores many nodes share they hold up
// request worker threads that wake for a due time; asked to be nice they give way at once. Lowering needs no privilege, and there
// is no way back for who has none, so only a process that sends for others does it. Measured by perf/cluster-nodes.bench.ts.
import { readdirSync, readFileSync } from "node:fs";
import { setPriority } from "node:os";

const TASKS = "/proc/self/task";
/** As Node.js names them. */
const HELPER = "V8Worker";
const NICE = 10;

/** Returns how many threads give way from now on: 0 where the system does not tell threads by their names. */
export function lowerHelperThreads(): number {
  let lowered = 0;
  for (const thread of threads()) {
    try {
      if (readFileSync(`${TASKS}/${thread}/comm`, "latin1").trim() !== HELPER) continue;
      setPriority(Number(thread), NICE);
      lowered++;
    } catch {
      // It has ended, or it is nicer already.
    }
  }
  return lowered;
}

function threads(): string[] {
  try {
    return readdirSync(TASKS);
  } catch {
    return [];
  }
}
