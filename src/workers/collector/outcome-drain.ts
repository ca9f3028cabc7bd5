// Moves outcomes from the rings of the request worker threads to whoever keeps them: the results file of a run, the journal
// of a warm-up. On the main thread, every few milliseconds, many at a time.
import { RingConsumer } from "../../ring/record-ring.ts";

/** Takes outcome records (ring/outcome-record.ts). */
export interface OutcomeKeeper {
  /** The record stands at `at` of `ring` until return. */
  keep(ring: RingConsumer, at: number): void;
  /** False while more would only pile up in memory: the rings hold the rest, and at last the requests themselves wait. */
  readonly hasRoom: boolean;
  /** After a batch. Throws when what was kept cannot be stored: the run ends with it. */
  flush(): void;
}

const EVERY_MS = 10;
/** Rows between two looks at the clock of the event loop: keeps key presses and signals responsive. */
const BATCH = 4096;

export class OutcomeDrain {
  readonly #rings: readonly RingConsumer[];
  readonly #keeper: OutcomeKeeper;
  readonly #ended = Promise.withResolvers<void>();
  #timer: NodeJS.Timeout | undefined;

  constructor(memories: readonly SharedArrayBuffer[], keeper: OutcomeKeeper) {
    this.#rings = memories.map((memory) => new RingConsumer(memory));
    this.#keeper = keeper;
  }

  /** Resolves when every ring is closed and empty; rejects with what the keeper threw. */
  run(): Promise<void> {
    this.#timer = setInterval(() => this.#drain(), EVERY_MS);
    return this.#ended.promise;
  }

  /** Gives up: threads that failed never close their rings. What they had published is kept, as far as that works. */
  cancel(): void {
    if (this.#timer === undefined) return;
    this.#drain();
    this.#stop();
    this.#ended.resolve();
  }

  #drain(): void {
    try {
      this.#drainAll();
    } catch (error) {
      this.#stop();
      this.#ended.reject(error);
      return;
    }
    if (!this.#rings.every((ring) => ring.ended())) return;
    this.#stop();
    this.#ended.resolve();
  }

  #stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #drainAll(): void {
    let kept = 0;
    for (const ring of this.#rings) kept += this.#drainOne(ring);
    if (kept > 0) this.#keeper.flush();
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
