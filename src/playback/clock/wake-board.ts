// Where paced parts of one thread write when they want to be woken, and the pacing thread reads it. Shared memory:
//
//   0        64           128       192              192 + 16 s
//   | clock  | target     | owner   | slot s                                  |
//   | bell   | set i32    | doorbell| asked i32 | rung i32 | due f64 | 16 bytes
//   |        | until f64  | slots   |
//
// `due` and `until` count nanoseconds on the clock of both threads; infinity = none. They are plain doubles: `asked` and `set`
// are increased after they were written, and loaded before they are read. Whoever changes its own word first and then looks at
// the other's cannot miss a change: either the clock's second look sees the new due time, or the owner sees the clock's new
// target and rings. A slot is armed while `asked` and `rung` differ: the clock answers the request it has read, by its number,
// so a due time that was replaced meanwhile stays armed. Bell and doorbell are what the threads sleep on.
const LINE_BYTES = 64;
const SLOT_BYTES = 16;
const SLOTS_AT = 3 * LINE_BYTES;

const BELL = 0;
const TARGET_SET = LINE_BYTES / 4;
const TARGET_UNTIL = LINE_BYTES / 8 + 1;
const DOORBELL = (2 * LINE_BYTES) / 4;
const SLOTS_USED = DOORBELL + 1;

/** Places on one board; more paced parts than that in one thread are a mistake of ours. */
export const WAKE_SLOTS_MAX = 4096;

const askedWord = (slot: number): number => (SLOTS_AT + slot * SLOT_BYTES) / 4;
const rungWord = (slot: number): number => askedWord(slot) + 1;
const dueDouble = (slot: number): number => (SLOTS_AT + slot * SLOT_BYTES) / 8 + 1;

export function allocateWakeBoard(): SharedArrayBuffer {
  const memory = new SharedArrayBuffer(SLOTS_AT + WAKE_SLOTS_MAX * SLOT_BYTES);
  new Float64Array(memory)[TARGET_UNTIL] = Number.POSITIVE_INFINITY;
  return memory;
}

/** The end of the thread that wants to be woken. */
export class WakeBoard {
  readonly #words: Int32Array;
  readonly #doubles: Float64Array;

  constructor(memory: SharedArrayBuffer) {
    this.#words = new Int32Array(memory);
    this.#doubles = new Float64Array(memory);
  }

  /** Lets the clock look at slots 0 to `slot`. */
  use(slot: number): void {
    if (Atomics.load(this.#words, SLOTS_USED) <= slot)
      Atomics.store(this.#words, SLOTS_USED, slot + 1);
  }

  /** Replaces the slot's due time; infinity takes it back. The bell is rung only if the clock would wake too late. */
  ask(slot: number, due: number): void {
    this.#doubles[dueDouble(slot)] = due;
    Atomics.add(this.#words, askedWord(slot), 1);
    Atomics.load(this.#words, TARGET_SET);
    if (due < (this.#doubles[TARGET_UNTIL] as number)) {
      Atomics.add(this.#words, BELL, 1);
      Atomics.notify(this.#words, BELL);
    }
  }

  /** Whether the latest due time of the slot has been rung. */
  isRung(slot: number): boolean {
    return Atomics.load(this.#words, rungWord(slot)) === Atomics.load(this.#words, askedWord(slot));
  }

  doorbell(): number {
    return Atomics.load(this.#words, DOORBELL);
  }

  /** Settles when the doorbell was rung after it showed `seen`; undefined if that has happened already. */
  untilRung(seen: number): Promise<unknown> | undefined {
    const rung = Atomics.waitAsync(this.#words, DOORBELL, seen);
    return rung.async ? rung.value : undefined;
  }

  /** Lets nobody wait for a doorbell that will not ring again. */
  close(): void {
    Atomics.add(this.#words, DOORBELL, 1);
    Atomics.notify(this.#words, DOORBELL);
  }
}

/** The pacing thread's end: it does nothing else, and so may block. */
export class WakeDesk {
  readonly #words: Int32Array;
  readonly #doubles: Float64Array;

  constructor(memory: SharedArrayBuffer) {
    this.#words = new Int32Array(memory);
    this.#doubles = new Float64Array(memory);
  }

  bell(): number {
    return Atomics.load(this.#words, BELL);
  }

  /** Sleeps until somebody rings the bell or the time is over; `bell` was read before the last look. */
  sleep(bell: number, timeoutMs: number): void {
    Atomics.wait(this.#words, BELL, bell, timeoutMs);
  }

  /** Earliest due time that anybody wants, announced to the owner; infinity = nobody wants any. */
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
    const used = Atomics.load(this.#words, SLOTS_USED);
    for (let slot = 0; slot < used; slot++) {
      const asked = Atomics.load(this.#words, askedWord(slot));
      if (asked === (this.#words[rungWord(slot)] as number)) continue;
      until = Math.min(until, this.#doubles[dueDouble(slot)] as number);
    }
    return until;
  }

  /** Answers the slots whose time has come and rings the owner's doorbell once for all of them. Returns how many. */
  ring(now: number): number {
    let rung = 0;
    const used = Atomics.load(this.#words, SLOTS_USED);
    for (let slot = 0; slot < used; slot++) {
      const asked = Atomics.load(this.#words, askedWord(slot));
      if (asked === (this.#words[rungWord(slot)] as number)) continue;
      if ((this.#doubles[dueDouble(slot)] as number) > now) continue;
      Atomics.store(this.#words, rungWord(slot), asked);
      rung++;
    }
    if (rung > 0) {
      Atomics.add(this.#words, DOORBELL, 1);
      Atomics.notify(this.#words, DOORBELL);
    }
    return rung;
  }
}
