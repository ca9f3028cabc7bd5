// Single-producer single-consumer ring of variable-length records in shared memory.
//
// Runs once per request and side; budget 60 ns of processor time per record and side. It must not allocate, and touches a
// cache line of the other side only when its own view of the ring is used up. Guarded by perf/ring-one-to-one.bench.ts.
import { invariant } from "../core/errors.ts";
import {
  alignRecord,
  CLOSED_WORD,
  CONSUMER_SLEEPS_WORD,
  DATA_OFFSET,
  HEAD_WORD,
  PRODUCER_SLEEPS_WORD,
  RECORD_ALIGN,
  TAIL_WORD,
  WRAP,
} from "./layout.ts";

/** Part of the ring that is freed at once: what is left keeps the consumer busy while the producer wakes up. */
const BULK_SHARE = 4;

/** Memory for a ring that holds `capacity` bytes of records: a power of two, at least 4 KiB. */
export function allocateRing(capacity: number): SharedArrayBuffer {
  invariant(
    capacity >= 4096 && (capacity & (capacity - 1)) === 0,
    "a ring's capacity is a power of two",
  );
  return new SharedArrayBuffer(DATA_OFFSET + capacity);
}

/** The three views through which both ends read and write record fields, by byte offset or by word. */
export class RingViews {
  /** Record bytes. Offsets handed out by `claim` and `peek` count in here. */
  readonly bytes: Buffer;
  readonly words: Int32Array;
  readonly doubles: Float64Array;
  readonly capacity: number;
  protected readonly cursors: Int32Array;

  constructor(memory: SharedArrayBuffer) {
    this.capacity = memory.byteLength - DATA_OFFSET;
    this.cursors = new Int32Array(memory, 0, DATA_OFFSET / Int32Array.BYTES_PER_ELEMENT);
    this.bytes = Buffer.from(memory, DATA_OFFSET, this.capacity);
    this.words = new Int32Array(memory, DATA_OFFSET);
    this.doubles = new Float64Array(memory, DATA_OFFSET);
  }
}

/** Writing end, owned by one thread at a time: `claim`, fill the record, `commit`, now and then `publish`. */
export class RingProducer extends RingViews {
  /** Goes on where the last producer of this ring stopped: threads that fill one may follow each other. */
  #tail = Atomics.load(this.cursors, TAIL_WORD);
  /** Last `head` we saw. Read again only when the ring looks full: most claims touch no shared line. */
  #headSeen = Atomics.load(this.cursors, HEAD_WORD);
  #claimed = 0;

  /** Largest record that fits for sure, whatever the position: half the ring, since a wrap may waste the other half. */
  get recordBytesMax(): number {
    return this.capacity / 2;
  }

  /** Offset of `length` free bytes, or -1 when full: the caller decides to wait, drop or stop. Writes the length word. */
  claim(length: number): number {
    const need = alignRecord(length);
    invariant(need <= this.recordBytesMax, `a record of ${length} bytes does not fit this ring`);
    let position = this.#tail & (this.capacity - 1);
    const untilEnd = this.capacity - position;
    const total = need <= untilEnd ? need : need + untilEnd;
    if (!this.#fits(total)) return -1;
    if (total !== need) {
      this.words[position >> 2] = WRAP;
      this.#tail = (this.#tail + untilEnd) | 0;
      position = 0;
    }
    this.words[position >> 2] = need;
    this.#claimed = need;
    return position;
  }

  #fits(total: number): boolean {
    // `| 0` keeps the difference of two wrapping counters right.
    if (this.capacity - ((this.#tail - this.#headSeen) | 0) >= total) return true;
    this.#headSeen = Atomics.load(this.cursors, HEAD_WORD);
    return this.capacity - ((this.#tail - this.#headSeen) | 0) >= total;
  }

  /** The claimed record is filled. The consumer sees it after the next `publish`. */
  commit(): void {
    this.#tail = (this.#tail + this.#claimed) | 0;
    this.#claimed = 0;
  }

  /** A consumer that looks sees what was committed; one that sleeps is not woken, which would be a system call. */
  show(): void {
    Atomics.store(this.cursors, TAIL_WORD, this.#tail);
  }

  /** Call it when the records are filled: what the tail has passed may be read at once. */
  publish(): void {
    this.show();
    if (Atomics.load(this.cursors, CONSUMER_SLEEPS_WORD) === 1) {
      Atomics.store(this.cursors, CONSUMER_SLEEPS_WORD, 0);
      Atomics.notify(this.cursors, CONSUMER_SLEEPS_WORD);
    }
  }

  /**
   * Blocks this thread until the consumer has freed something or the time is over. Publishes first: a consumer that waits
   * for records while the producer waits for space would be a deadlock. Never call it on a thread with requests in flight.
   */
  waitForSpace(timeoutMs: number): void {
    this.publish();
    Atomics.store(this.cursors, PRODUCER_SLEEPS_WORD, 1);
    if (Atomics.load(this.cursors, HEAD_WORD) !== this.#headSeen) {
      Atomics.store(this.cursors, PRODUCER_SLEEPS_WORD, 0);
      return;
    }
    Atomics.wait(this.cursors, PRODUCER_SLEEPS_WORD, 1, timeoutMs);
    Atomics.store(this.cursors, PRODUCER_SLEEPS_WORD, 0);
  }

  /** No record will follow. */
  close(): void {
    Atomics.store(this.cursors, CLOSED_WORD, 1);
    this.publish();
  }
}

/** Reading end: `peek`, use the record in place, `take` it, now and then `release` what was taken. */
export class RingConsumer extends RingViews {
  #head = 0;
  #tailSeen = 0;
  #released = 0;

  /** Offset of the next record, or -1 when there is none at this moment. */
  peek(): number {
    if (this.#head === this.#tailSeen) {
      this.#tailSeen = Atomics.load(this.cursors, TAIL_WORD);
      if (this.#head === this.#tailSeen) return -1;
    }
    const position = this.#head & (this.capacity - 1);
    if (this.words[position >> 2] !== WRAP) return position;
    this.#head = (this.#head + this.capacity - position) | 0;
    return 0;
  }

  /** Moves past the record that `peek` showed. Its bytes stay valid until `release`. */
  take(): void {
    const position = this.#head & (this.capacity - 1);
    const length = this.words[position >> 2] as number;
    invariant(
      length >= RECORD_ALIGN && length % RECORD_ALIGN === 0,
      `ring record of ${length} bytes`,
    );
    this.#head = (this.#head + length) | 0;
  }

  /** Frees everything taken so far in one store, and wakes a producer that waits for space. */
  release(): void {
    if (this.#released === this.#head) return;
    this.#released = this.#head;
    Atomics.store(this.cursors, HEAD_WORD, this.#head);
    if (Atomics.load(this.cursors, PRODUCER_SLEEPS_WORD) === 1) {
      Atomics.store(this.cursors, PRODUCER_SLEEPS_WORD, 0);
      Atomics.notify(this.cursors, PRODUCER_SLEEPS_WORD);
    }
  }

  /**
   * Frees what was taken once that is a quarter of the ring, or everything seen so far. For a consumer that takes a record at
   * a time: a producer that waits for space would otherwise be woken, by a system call, for the space of one record
   * (perf/end-to-end-loopback.bench.ts: 6 us of processor per request).
   */
  releaseInBulk(): void {
    const taken = (this.#head - this.#released) | 0;
    if (taken >= this.capacity / BULK_SHARE || this.#head === this.#tailSeen) this.release();
  }

  /** True once the producer has closed the ring and every record was taken. */
  ended(): boolean {
    // `closed` before `tail`: records published before the close are seen by the peek.
    return Atomics.load(this.cursors, CLOSED_WORD) === 1 && this.peek() < 0;
  }

  /**
   * Resolves when the producer publishes or closes, or after `timeoutMs`; `undefined` when there is something already.
   * Does not keep the event loop alive by itself: the owner holds a handle.
   */
  untilPublished(timeoutMs: number): Promise<unknown> | undefined {
    Atomics.store(this.cursors, CONSUMER_SLEEPS_WORD, 1);
    if (this.peek() >= 0 || Atomics.load(this.cursors, CLOSED_WORD) === 1) {
      Atomics.store(this.cursors, CONSUMER_SLEEPS_WORD, 0);
      return undefined;
    }
    const wait = Atomics.waitAsync(this.cursors, CONSUMER_SLEEPS_WORD, 1, timeoutMs);
    return wait.async ? wait.value : undefined;
  }
}
