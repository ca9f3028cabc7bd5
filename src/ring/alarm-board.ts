// Where threads write when they want to be woken, and the alarm clock reads it: request worker threads, each of them, or the one
// thread of playback, which keeps many due times and asks for the earliest. Shared memory:
//
//   0          64           128 + 64 w
//   | clock    | target     | thread w                                      |
//   | bell i32 | set i32    | set i32 | doorbell i32 | due f64 | …  64 bytes |
//   |          | until f64  |
//
// `due` and `until` count nanoseconds on the run's clock; infinity = none. They are plain doubles: the `set` word beside each
// is increased after it was written, and loaded before it is read. Whoever changes its own word first and then looks at the
// other's cannot miss a change: either the clock's second look sees the worker's new due time, or the worker sees the clock's
// new target and rings. Bell and doorbell are what the threads sleep on.
const LINE_BYTES = 64;
const LINE_WORDS = LINE_BYTES / Int32Array.BYTES_PER_ELEMENT;
const LINE_DOUBLES = LINE_BYTES / Float64Array.BYTES_PER_ELEMENT;

const BELL = 0;
const TARGET_SET = LINE_WORDS;
const TARGET_UNTIL = LINE_DOUBLES + 1;
const WORKERS = 2;

const setWord = (worker: number): number => (WORKERS + worker) * LINE_WORDS;
const doorbellWord = (worker: number): number => setWord(worker) + 1;
const dueDouble = (worker: number): number => (WORKERS + worker) * LINE_DOUBLES + 1;

export function allocateAlarmBoard(workers: number): SharedArrayBuffer {
  const memory = new SharedArrayBuffer((WORKERS + workers) * LINE_BYTES);
  new Float64Array(memory).fill(Number.POSITIVE_INFINITY);
  new Int32Array(memory, 0, LINE_WORDS).fill(0);
  new Int32Array(memory)[TARGET_SET] = 0;
  for (let worker = 0; worker < workers; worker++) {
    new Int32Array(memory).fill(0, setWord(worker), setWord(worker) + 2);
  }
  return memory;
}

/** A worker's end. */
export class AlarmSlot {
  readonly #words: Int32Array;
  readonly #doubles: Float64Array;
  readonly #worker: number;
  #asleep = false;

  constructor(memory: SharedArrayBuffer, worker: number) {
    this.#words = new Int32Array(memory);
    this.#doubles = new Float64Array(memory);
    this.#worker = worker;
  }

  /**
   * Asks to be woken at `due`, and calls `woken` then. A later call moves the time; `woken` is called once. It may come early:
   * where a call crosses the ring, the worker looks at its clock and asks again.
   */
  wakeAt(due: number, woken: () => void): void {
    if (!this.#asleep) this.#listen(woken);
    this.#doubles[dueDouble(this.#worker)] = due;
    Atomics.add(this.#words, setWord(this.#worker), 1);
    Atomics.load(this.#words, TARGET_SET);
    if (due < (this.#doubles[TARGET_UNTIL] as number)) {
      Atomics.add(this.#words, BELL, 1);
      Atomics.notify(this.#words, BELL);
    }
  }

  /**
   * Before the due time is written: a ring that follows at once is heard. One that comes while we are about to listen is for
   * an earlier due time, which the worker has served without it: without a second try nobody would hear the next.
   */
  #listen(woken: () => void): void {
    const word = doorbellWord(this.#worker);
    let rung = Atomics.waitAsync(this.#words, word, Atomics.load(this.#words, word));
    while (!rung.async) {
      rung = Atomics.waitAsync(this.#words, word, Atomics.load(this.#words, word));
    }
    this.#asleep = true;
    rung.value.then(() => {
      this.#asleep = false;
      woken();
    });
  }
}

/** The alarm clock's end: a thread that does nothing else, and so may block. */
export class AlarmDesk {
  readonly #words: Int32Array;
  readonly #doubles: Float64Array;
  readonly #workers: number;

  constructor(memory: SharedArrayBuffer) {
    this.#words = new Int32Array(memory);
    this.#doubles = new Float64Array(memory);
    this.#workers = memory.byteLength / LINE_BYTES - WORKERS;
  }

  /** Earliest due time that anybody wants, announced to the workers; infinity = nobody wants any. */
  earliest(): number {
    let until = this.#look();
    for (;;) {
      this.#doubles[TARGET_UNTIL] = until;
      Atomics.add(this.#words, TARGET_SET, 1);
      const again = this.#look();
      if (again >= until) return until;
      until = again;
    }
  }

  #look(): number {
    let until = Number.POSITIVE_INFINITY;
    for (let worker = 0; worker < this.#workers; worker++) {
      Atomics.load(this.#words, setWord(worker));
      until = Math.min(until, this.#doubles[dueDouble(worker)] as number);
    }
    return until;
  }

  /** Sleeps until somebody rings the bell or the time is over; `bell` was read before the last look. */
  sleep(bell: number, timeoutMs: number): void {
    Atomics.wait(this.#words, BELL, bell, timeoutMs);
  }

  bell(): number {
    return Atomics.load(this.#words, BELL);
  }

  /** Rings at the workers whose time has come. Returns how many. */
  ring(now: number): number {
    let rung = 0;
    for (let worker = 0; worker < this.#workers; worker++) {
      if ((this.#doubles[dueDouble(worker)] as number) > now) continue;
      this.#doubles[dueDouble(worker)] = Number.POSITIVE_INFINITY;
      Atomics.add(this.#words, doorbellWord(worker), 1);
      Atomics.notify(this.#words, doorbellWord(worker));
      rung++;
    }
    return rung;
  }
}
