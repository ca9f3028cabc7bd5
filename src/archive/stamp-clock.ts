import { performance } from "node:perf_hooks";
import { type Micros, micros } from "../core/units.ts";
import type { ArchiveClock } from "./writer-options.ts";

/** Milliseconds of the wall clock are fine enough for an origin; what counts on from there is monotonic. */
export const systemArchiveClock: ArchiveClock = {
  wall: () => micros(Date.now() * 1000),
  mono: () => micros(Math.floor(performance.now() * 1000)),
};

/**
 * Stamps that only rise: max(previous + 1, wall at the origin + time since then). A system clock that is set back moves
 * nothing; it counts again from the next origin, which is taken at each rotation.
 */
export class StampClock {
  readonly #clock: ArchiveClock;
  #originWall: Micros = micros(0);
  #originMono: Micros = micros(0);
  #previous: Micros;

  constructor(clock: ArchiveClock, previous: Micros) {
    this.#clock = clock;
    this.#previous = previous;
    this.takeOrigin();
  }

  takeOrigin(): void {
    this.#originWall = this.#clock.wall();
    this.#originMono = this.#clock.mono();
  }

  /** The next stamp: greater than all before. */
  next(): Micros {
    const now = this.#originWall + this.#clock.mono() - this.#originMono;
    this.#previous = micros(Math.max(this.#previous + 1, now));
    return this.#previous;
  }

  get previous(): Micros {
    return this.#previous;
  }
}
