// Sessions that do not wait for due times share the thread: each delivers a batch in turn, and the event loop turns in between.
//
//   | A B C A B C ... 2 ms | event loop | B C A ... 2 ms | event loop | ...

/** How long unpaced sessions run before requests, due times and sockets get their turn: controls act within 5 ms. */
const TURN_MS = 2;

/** Something that has more to do at once. */
export interface FreeRunner {
  /** Does a little; whether there is more to do now. */
  step(): boolean;
}

export class FreeTurns {
  readonly #runners = new Set<FreeRunner>();
  #isScheduled = false;

  add(runner: FreeRunner): void {
    this.#runners.add(runner);
    this.#schedule();
  }

  remove(runner: FreeRunner): void {
    this.#runners.delete(runner);
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => this.#turn());
  }

  #turn(): void {
    this.#isScheduled = false;
    const until = performance.now() + TURN_MS;
    // One that goes on is put behind the others, which the walk over the set then reaches again.
    for (const runner of this.#runners) {
      this.#runners.delete(runner);
      if (runner.step()) this.#runners.add(runner);
      if (performance.now() >= until) break;
    }
    if (this.#runners.size > 0) this.#schedule();
  }
}
