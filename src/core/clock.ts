import { performance } from "node:perf_hooks";
import { type Nanos, nanos } from "./units.ts";

/** The only source of time: nanoseconds since the clock's origin. Tests and `simulate` pass a manual clock. */
export interface Clock {
  now(): Nanos;
}

/** The instant that every thread of a run counts from: a reading of the system's monotonic clock, nanoseconds. */
export const takeOrigin = (): bigint => process.hrtime.bigint();

const CALIBRATION_ROUNDS = 200;

/**
 * A monotonic clock that agrees with those of the other threads of this process.
 *
 * `performance.now()` is cheaper than `hrtime.bigint()` and makes no object, but counts from an origin of its own in
 * every thread. The offset to `origin` is measured once: the tightest of 200 pairs of readings, good to well under a
 * microsecond. `performance` is imported because the global of that name is a getter, which would run on every reading.
 */
export function threadClock(origin: bigint): Clock {
  let tightest = Number.POSITIVE_INFINITY;
  let offset = 0;
  for (let round = 0; round < CALIBRATION_ROUNDS; round++) {
    const before = performance.now();
    const reading = Number(process.hrtime.bigint() - origin);
    const after = performance.now();
    if (after - before < tightest) {
      tightest = after - before;
      offset = reading - ((before + after) / 2) * 1e6;
    }
  }
  return { now: () => nanos(performance.now() * 1e6 + offset) };
}

export class ManualClock implements Clock {
  #now: Nanos = nanos(0);

  now(): Nanos {
    return this.#now;
  }

  advance(by: Nanos): void {
    this.#now = nanos(this.#now + by);
  }
}
