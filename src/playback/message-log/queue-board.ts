// What the two ends of a message queue tell each other besides the items. Shared memory, words of 32 bits:
//
//   consumer writes                             producer writes
//    0 bell     rung when anything changed      16 put      items that went in
//    1 pass     number of the pass              17 state    pass << 3 | pending 4 | ready 2 | ended 1
//    2 run      1: fill the queue               18 halted   number of the start that failed
//    3 start    number of the last start        19 largePut     KiB that went beside the ring
//    4 taken    items that came out             20 waiting  1: sleeps until there is room
//    5 largeTaken   KiB                         21 life     0 gone, 1 at work
//                                               22 gate     1: changes queue and state at this moment
//
// Counters wrap; only their differences are used. A reset is a new pass: records of an older one are passed over, and a
// state that was written for an older one means nothing.
//
// The producer goes through the gate and then looks whether it is still to run; the consumer says stop and then looks at the
// gate. Either the producer sees the stop, or the consumer waits for the few microseconds of one put: after a stop nothing
// goes in, however long the reader takes.
const BELL = 0;
const PASS = 1;
const RUN = 2;
const START = 3;
const TAKEN = 4;
const LARGE_TAKEN = 5;
const PUT = 16;
const STATE = 17;
const HALTED = 18;
const LARGE_PUT = 19;
const WAITING = 20;
const LIFE = 21;
const GATE = 22;
const WORDS = 32;

/** How long a stop waits at the gate at a time, and how often: the producer's thread may have lost its processor in there. */
const GATE_MS = 1;
const GATE_LOOKS_MAX = 1000;

const ENDED = 1;
const READY = 2;
const PENDING = 4;
const PASS_SHIFT = 3;

const GONE = 0;
const AT_WORK = 1;

/** Bytes that may wait beside the ring, as items too large for it; one item goes in whatever its size. */
const LARGE_BYTES_MAX = 256 * 1024 * 1024;
const KIB = 1024;

/** The first pass is number 1: a state of 0 says that nothing was reported yet. */
export function allocateBoard(): SharedArrayBuffer {
  const memory = new SharedArrayBuffer(WORDS * Int32Array.BYTES_PER_ELEMENT);
  new Int32Array(memory)[PASS] = 1;
  return memory;
}

/** `pending`: there are items that are not in the queue. `ready`: it was full, or has all. `ended`: nothing will follow. */
export type FillState = {
  readonly pending: boolean;
  readonly ready: boolean;
  readonly ended: boolean;
};

export class QueueBoard {
  readonly #words: Int32Array;
  readonly length: number;

  constructor(memory: SharedArrayBuffer, length: number) {
    this.#words = new Int32Array(memory);
    this.length = length;
  }

  get pass(): number {
    return Atomics.load(this.#words, PASS);
  }

  get start(): number {
    return Atomics.load(this.#words, START);
  }

  get isRunning(): boolean {
    return Atomics.load(this.#words, RUN) === 1;
  }

  /** The last start was ended by a failure. */
  get isHalted(): boolean {
    return Atomics.load(this.#words, HALTED) === this.start;
  }

  get size(): number {
    return (Atomics.load(this.#words, PUT) - Atomics.load(this.#words, TAKEN)) | 0;
  }

  /** Undefined while the producer has said nothing about this pass. */
  state(): FillState | undefined {
    const word = Atomics.load(this.#words, STATE);
    if (word >>> PASS_SHIFT !== this.pass) return undefined;
    return {
      pending: (word & PENDING) !== 0,
      ready: (word & READY) !== 0,
      ended: (word & ENDED) !== 0,
    };
  }

  // Consumer's side.

  run(): void {
    Atomics.add(this.#words, START, 1);
    Atomics.store(this.#words, RUN, 1);
    this.ring();
  }

  stop(): void {
    Atomics.store(this.#words, RUN, 0);
    this.ring();
    for (let look = 0; look < GATE_LOOKS_MAX && Atomics.load(this.#words, GATE) === 1; look++) {
      Atomics.wait(this.#words, GATE, 1, GATE_MS);
    }
  }

  nextPass(): void {
    Atomics.add(this.#words, PASS, 1);
    this.ring();
  }

  /** One item came out. True if the producer was waiting and has room for a good part of the queue again. */
  took(largeBytes: number): boolean {
    Atomics.add(this.#words, TAKEN, 1);
    if (largeBytes > 0) Atomics.add(this.#words, LARGE_TAKEN, Math.ceil(largeBytes / KIB));
    if (Atomics.load(this.#words, WAITING) === 0) return false;
    // Not for every item: the producer would be woken, by a system call, to read a few.
    if (this.size > this.length - Math.ceil(this.length / 4) && largeBytes === 0) return false;
    Atomics.store(this.#words, WAITING, 0);
    this.ring();
    return true;
  }

  /** True if no thread is at work; whoever asks becomes the one who starts the next. */
  claimLife(): boolean {
    return Atomics.compareExchange(this.#words, LIFE, GONE, AT_WORK) === GONE;
  }

  loseLife(): void {
    Atomics.store(this.#words, GATE, 0);
    Atomics.store(this.#words, LIFE, GONE);
  }

  /** Takes back `loseLife`, unless another thread was started meanwhile. */
  regainLife(): boolean {
    return Atomics.compareExchange(this.#words, LIFE, GONE, AT_WORK) === GONE;
  }

  // Producer's side.

  /** Whether queue and state may be changed for this pass, until `leave`. */
  enter(pass: number): boolean {
    Atomics.store(this.#words, GATE, 1);
    if (this.isRunning && pass === this.pass) return true;
    this.leave();
    return false;
  }

  leave(): void {
    Atomics.store(this.#words, GATE, 0);
  }

  hasRoom(largeBytes: number): boolean {
    if (this.size >= this.length) return false;
    if (largeBytes === 0) return true;
    const words = this.#words;
    const waitingKib = (Atomics.load(words, LARGE_PUT) - Atomics.load(words, LARGE_TAKEN)) | 0;
    return waitingKib === 0 || waitingKib * KIB + largeBytes <= LARGE_BYTES_MAX;
  }

  get holdsLarge(): boolean {
    return Atomics.load(this.#words, LARGE_PUT) !== Atomics.load(this.#words, LARGE_TAKEN);
  }

  willPut(largeBytes: number): void {
    if (largeBytes > 0) Atomics.add(this.#words, LARGE_PUT, Math.ceil(largeBytes / KIB));
    Atomics.add(this.#words, PUT, 1);
  }

  setState(pass: number, { pending, ready, ended }: FillState): void {
    const bits = (pending ? PENDING : 0) | (ready ? READY : 0) | (ended ? ENDED : 0);
    Atomics.store(this.#words, STATE, (pass << PASS_SHIFT) | bits);
  }

  halt(start: number): void {
    Atomics.store(this.#words, HALTED, start);
  }

  waitsForRoom(): void {
    Atomics.store(this.#words, WAITING, 1);
  }

  bell(): number {
    return Atomics.load(this.#words, BELL);
  }

  ring(): void {
    Atomics.add(this.#words, BELL, 1);
    Atomics.notify(this.#words, BELL);
  }

  /** Blocks this thread until the bell is rung after it showed `seen`, or the time is over. */
  sleep(seen: number, timeoutMs: number): void {
    Atomics.wait(this.#words, BELL, seen, timeoutMs);
  }
}
