import { RunWord, wordsOf } from "./tally-layout.ts";

/**
 * Mean number of requests under way, from looks at the gauges of the tallies: it knows no stamp, so that Little's law can be
 * checked with it. Each look stands for the time since the one before. Times in ns.
 */
export class InFlightMean {
  readonly #words: readonly Float64Array[];
  #area = 0;
  #from: number;
  #last: number;

  constructor(tallies: readonly SharedArrayBuffer[], now: number) {
    this.#words = tallies.map(wordsOf);
    this.#from = now;
    this.#last = now;
  }

  look(now: number): void {
    let inFlight = 0;
    for (const words of this.#words) inFlight += words[RunWord.inFlight] as number;
    this.#area += inFlight * (now - this.#last);
    this.#last = now;
  }

  /** Mean since the last call; `undefined` where no time has passed. */
  take(now: number): number | undefined {
    this.look(now);
    const span = now - this.#from;
    const mean = span > 0 ? this.#area / span : undefined;
    this.#area = 0;
    this.#from = now;
    return mean;
  }
}
