// How long does a thread take to wake when another one rings? Shared memory, 16 bytes:
//
//   | bell i32 | heard i32 | rungAt f64 |        rungAt: ns on the common clock, written before the bell
//
// The ringer rings again only when the last ring was heard, so that no instant is overwritten before it was read.
const BELL = 0;
const HEARD = 1;
const RUNG_AT = 1;
const BOARD_BYTES = 16;

export const allocateWakeBoard = (): SharedArrayBuffer => new SharedArrayBuffer(BOARD_BYTES);

export class WakeBoard {
  readonly #words: Int32Array;
  readonly #doubles: Float64Array;

  constructor(memory: SharedArrayBuffer) {
    this.#words = new Int32Array(memory);
    this.#doubles = new Float64Array(memory);
  }

  /** Whether the listener is back asleep, or about to be. */
  isHeard(): boolean {
    return Atomics.load(this.#words, BELL) === Atomics.load(this.#words, HEARD);
  }

  ring(now: number): void {
    this.#doubles[RUNG_AT] = now;
    Atomics.add(this.#words, BELL, 1);
    Atomics.notify(this.#words, BELL);
  }

  /** Blocks until the bell has rung. Returns when it was rung, or undefined after `timeoutMs`. */
  listen(timeoutMs: number): number | undefined {
    Atomics.wait(this.#words, BELL, Atomics.load(this.#words, HEARD), timeoutMs);
    const bell = Atomics.load(this.#words, BELL);
    return bell === Atomics.load(this.#words, HEARD) ? undefined : this.#doubles[RUNG_AT];
  }

  /** After `listen`, and after the clock was read. */
  hear(): void {
    Atomics.store(this.#words, HEARD, Atomics.load(this.#words, BELL));
  }
}
