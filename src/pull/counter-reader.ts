// The few counters that a tick needs, read from the tallies without touching a histogram.
import { ClassWord, classWord, wordsOf } from "../stats/tally-layout.ts";
import { ClassOf } from "../workers/pull-classes.ts";

export type PullCounters = {
  readonly pulls: number;
  readonly failed: number;
  /** Bodies received, of all requests. */
  readonly bytes: number;
};

const PULLS = [ClassOf["pull-first"], ClassOf["pull-repeat"]];
const REQUESTS = Object.values(ClassOf).filter((type) => !PULLS.includes(type));

export class CounterReader {
  readonly #words: readonly Float64Array[];

  constructor(tallies: readonly SharedArrayBuffer[]) {
    this.#words = tallies.map(wordsOf);
  }

  read(): PullCounters {
    return {
      pulls: this.#sum(PULLS, ClassWord.done),
      failed: this.#sum(PULLS, ClassWord.failed),
      bytes: this.#sum(REQUESTS, ClassWord.bytesIn) + this.#sum(REQUESTS, ClassWord.failedBytesIn),
    };
  }

  #sum(classes: readonly number[], word: number): number {
    let sum = 0;
    for (const words of this.#words)
      for (const type of classes) sum += words[classWord(type) + word] as number;
    return sum;
  }
}
