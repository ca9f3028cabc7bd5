import { untilInterrupted } from "../extract/until-interrupted.ts";
import type { Program } from "../program.ts";

/** Runs work that a signal ends: it is told to stop, and waited for, so that it can remove what it has begun to write. */
export async function interruptible<T>(
  work: (signal: AbortSignal) => Promise<T>,
  program?: Program,
): Promise<T> {
  const stop = new AbortController();
  let running: Promise<T> | undefined;
  return await untilInterrupted(
    () => {
      running = work(stop.signal);
      return running;
    },
    async () => {
      stop.abort();
      await running?.catch(() => undefined);
    },
    program,
  );
}
