import { setTimeout as timer } from "node:timers/promises";

/** Waits, but does not keep the process alive: a registry that has been closed must not linger for its own delays. */
export const pause = (ms: number): Promise<void> => timer(ms, undefined, { ref: false });
