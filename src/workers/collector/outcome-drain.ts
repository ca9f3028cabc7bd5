// Moves outcomes from the rings of the request worker threads to whoever keeps them: the results file of a run, the journal
// of a warm-up. On the main thread, every 10 to 50 ms, many at a time.
import { RingConsumer, type RingViews } from "../../ring/record-ring.ts";

/** Takes outcome records (ring/outcome-record.ts). */
export interface OutcomeKeeper {
  /** The record stands at `at` of `ring` until return. */
  keep(ring: RingViews, at: number): void;
  /** False while more would only pile up in memory: the rings hold the rest, and at last the requests themselves wait. */
  readonly hasRoom: boolean;
  /** At every look at the rings, whether there was something or not. */
  looked?(): void;
  /** After a batch. Throws when what was kept cannot be stored: the run ends with it. */
  flush(): void;
}

/**
 * A ring holds a tenth of a second of outcomes at full rate, so a busy thread is looked after every 10 ms. At 1,000
 * requests/s that would be a fifth of what a paced load costs in all (perf/arrivals.bench.ts): each time, the main thread is
 * woken with cold caches. Twenty outcomes a millisecond is busy; a burst out of idleness fills half a ring in 50 ms.
 */
const EVERY_MS = { busy: 10, idle: 50 };
const BUSY_PER_MS = 20;
/** Rows between two looks at the clock of the event loop: keeps key presses and signals responsive. */
const BATCH = 4096;

export class OutcomeDrain {
  readonly #rings: readonly RingConsumer[];
  readonly #keeper: OutcomeKeeper;
  readonly #ended = Promise.withResolvers<void>();
  #timer: NodeJS.Timeout | undefined;
  #everyMs = EVERY_MS.busy;

  constructor(memories: readonly SharedArrayBuffer[], keeper: OutcomeKeeper) {
    this.#rings = memories.map((memory) => new RingConsumer(memory));
    this.#keeper = keeper;
  }

  /** Resolves when every ring is closed and empty; rejects with what the keeper threw. */
  run(): Promise<void> {
    this.#sleep();
    return this.#ended.promise;
  }

  #sleep(): void {
    this.#timer = setTimeout(() => this.#look(), this.#everyMs);
  }

  #look(): void {
    if (this.#drain()) this.#sleep();
  }

  /** All threads have ended: what they left is taken now, so that the run is not counted longer than it was. */
  hasten(): void {
    if (this.#timer === undefined) return;
    clearTimeout(this.#timer);
    this.#look();
  }

  /** Gives up: threads that failed never close their rings. What they had published is kept, as far as that works. */
  cancel(): void {
    if (this.#timer === undefined) return;
    this.#drain();
    this.#stop();
    this.#ended.resolve();
  }

  /** False when nothing follows. */
  #drain(): boolean {
    try {
      this.#drainAll();
    } catch (error) {
      this.#stop();
      this.#ended.reject(error);
      return false;
    }
    if (!this.#rings.every((ring) => ring.ended())) return true;
    this.#stop();
    this.#ended.resolve();
    return false;
  }

  #stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #drainAll(): void {
    let kept = 0;
    for (const ring of this.#rings) kept += this.#drainOne(ring);
    if (kept > 0) this.#keeper.flush();
    this.#keeper.looked?.();
    const busy = kept >= BUSY_PER_MS * this.#everyMs || !this.#keeper.hasRoom;
    this.#everyMs = busy ? EVERY_MS.busy : EVERY_MS.idle;
  }

  #drainOne(ring: RingConsumer): number {
    let kept = 0;
    while (kept < BATCH && this.#keeper.hasRoom) {
      const at = ring.peek();
      if (at < 0) break;
      this.#keeper.keep(ring, at);
      ring.take();
      kept++;
    }
    ring.release();
    return kept;
  }
}
