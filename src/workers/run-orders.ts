// Words in shared memory through which the main thread tells all threads of a run what to do, and the request worker
// threads tell the feeder how far they are.
//
//   | order | landed by thread 0 | landed by thread 1 | …      int32 each
const ORDER_WORD = 0;
const LANDED_WORD = 1;

const Go = 0;
const Stop = 1;
const Cut = 2;

export const allocateOrders = (threads: number): SharedArrayBuffer =>
  new SharedArrayBuffer((LANDED_WORD + threads) * Int32Array.BYTES_PER_ELEMENT);

export class RunOrders {
  readonly #words: Int32Array;

  constructor(memory: SharedArrayBuffer) {
    this.#words = new Int32Array(memory);
  }

  /** Ends the feeding: rings are closed after what is in them. */
  stop(): void {
    Atomics.store(this.#words, ORDER_WORD, Stop);
    Atomics.notify(this.#words, ORDER_WORD);
  }

  /** Ends the reading of the trace as well. */
  cut(): void {
    Atomics.store(this.#words, ORDER_WORD, Cut);
    Atomics.notify(this.#words, ORDER_WORD);
  }

  stopped(): boolean {
    return Atomics.load(this.#words, ORDER_WORD) !== Go;
  }

  isCut(): boolean {
    return Atomics.load(this.#words, ORDER_WORD) === Cut;
  }

  /** Counts operations that ended on a request worker thread, or on a node. */
  countLanded(thread: number, operations = 1): void {
    Atomics.add(this.#words, LANDED_WORD + thread, operations);
  }

  /** Operations that have ended on all threads. Wraps at 2^32, as the counters do. */
  landed(): number {
    let sum = 0;
    for (let word = LANDED_WORD; word < this.#words.length; word++) {
      sum += Atomics.load(this.#words, word);
    }
    return sum >>> 0;
  }

  /** Blocks the calling thread until an order comes or the time is over. For the feeder. */
  pause(timeoutMs: number): void {
    Atomics.wait(this.#words, ORDER_WORD, Go, timeoutMs);
  }
}
