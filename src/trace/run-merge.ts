// Moves once per request in the feeder; allocates nothing. Guarded by perf/trace-read.bench.ts.

import type { RecordBlock } from "./record-view.ts";
import type { RunCursor } from "./run-cursor.ts";

/**
 * Merges sorted runs by arrival; equal arrivals come in the order of the runs.
 *
 * The runs stand in a binary heap by (arrival, number of the run). The one at the top shows the current record and is
 * moved on, and sifted down, only when the next record is asked for.
 */
export class RunMerge {
  readonly #runs: readonly RunCursor[];
  readonly #heap: Int32Array;
  #size = 0;
  #started = false;

  constructor(runs: readonly RunCursor[]) {
    this.#runs = runs;
    this.#heap = new Int32Array(runs.length);
  }

  get block(): RecordBlock {
    return this.#top.block;
  }
  get at(): number {
    return this.#top.at;
  }
  get arrivalUs(): number {
    return this.#top.arrivalUs;
  }

  /** Moves to the next record of all runs; false at the end. */
  next(): boolean {
    if (!this.#started) this.#start();
    else if (this.#size > 0) {
      if (!this.#top.advance()) this.#heap[0] = this.#heap[--this.#size] as number;
      this.#sink(0);
    }
    return this.#size > 0;
  }

  rewind(): void {
    for (const run of this.#runs) run.rewind();
    this.#started = false;
  }

  close(): void {
    for (const run of this.#runs) run.close();
    this.#size = 0;
    this.#started = true;
  }

  get #top(): RunCursor {
    return this.#runs[this.#heap[0] as number] as RunCursor;
  }

  #start(): void {
    this.#started = true;
    this.#size = 0;
    for (const [number, run] of this.#runs.entries()) {
      if (run.advance()) this.#heap[this.#size++] = number;
    }
    for (let place = (this.#size >> 1) - 1; place >= 0; place--) this.#sink(place);
  }

  #sink(from: number): void {
    let place = from;
    const run = this.#heap[place] as number;
    for (;;) {
      let child = 2 * place + 1;
      if (child >= this.#size) break;
      if (child + 1 < this.#size && this.#isBefore(child + 1, child)) child++;
      if (!this.#runBefore(this.#heap[child] as number, run)) break;
      this.#heap[place] = this.#heap[child] as number;
      place = child;
    }
    this.#heap[place] = run;
  }

  #isBefore(place: number, other: number): boolean {
    return this.#runBefore(this.#heap[place] as number, this.#heap[other] as number);
  }

  #runBefore(a: number, b: number): boolean {
    const first = (this.#runs[a] as RunCursor).arrivalUs;
    const second = (this.#runs[b] as RunCursor).arrivalUs;
    return first < second || (first === second && a < b);
  }
}
