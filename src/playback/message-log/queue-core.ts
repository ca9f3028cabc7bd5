import { type MessagePort, receiveMessageOnPort } from "node:worker_threads";
import { invariant } from "../../core/errors.ts";
import { allocateRing, RingConsumer } from "../../ring/record-ring.ts";
import { besideBytesAt, passAt, readRecord } from "./item-record.ts";
import { allocateBoard, QueueBoard } from "./queue-board.ts";
import { OutgoingItem } from "./queued-item.ts";

/** What a queue consists of: passed to the thread that fills it. */
export type QueueMemory = {
  readonly ring: SharedArrayBuffer;
  readonly board: SharedArrayBuffer;
  readonly length: number;
  /** Longest record in the ring; bodies of longer ones go beside it. */
  readonly slotBytes: number;
};

/** More would need more than 2 GiB of ring. */
export const QUEUE_LENGTH_MAX: number = 2 ** 21;
const SLOT_BYTES = 1024;
/** For queues that are so long that memory counts more than a detour for middling items. */
const NARROW_SLOT_BYTES = 128;
const NARROW_FROM = 2 ** 14;
const RING_BYTES_MIN = 4096;
/** A wrap wastes less than one slot, and one more keeps claim and release apart. */
const SPARE_SLOTS = 2;
/** Space of so many records is given back at once. */
const RELEASE_EVERY = 16;

function allocateQueue(length: number): QueueMemory {
  const slotBytes = length > NARROW_FROM ? NARROW_SLOT_BYTES : SLOT_BYTES;
  const needed = Math.max(RING_BYTES_MIN, (length + SPARE_SLOTS + RELEASE_EVERY) * slotBytes);
  const capacity = 2 ** Math.ceil(Math.log2(needed));
  return { ring: allocateRing(capacity), board: allocateBoard(), length, slotBytes };
}

/** Who fills a queue, as its consumer sees it. */
export type ProducerLink = {
  /** Enough is in the queue, or nothing will follow. */
  isReady(): boolean;
  /** Nothing will follow: all was read, or reading was stopped. */
  isOver(): boolean;
  /** Elapsed seconds at which the log begins for this reader. */
  readonly startTime: number;
};

/** The end of a queue from which items are taken. Lives on the thread that made the queue. */
export class QueueCore {
  readonly memory: QueueMemory;
  readonly board: QueueBoard;
  /** Null: filled by hand. */
  link: ProducerLink | null = null;
  readonly #ring: RingConsumer;
  readonly #beside: Uint8Array[] = [];
  #port: MessagePort | undefined;
  #ahead: OutgoingItem | null = null;
  #unreleased = 0;
  readonly #waiters = new Set<() => void>();
  /** Called when a producer on this thread has room again. */
  onRoom: () => void = () => {};

  constructor(length: number) {
    this.memory = allocateQueue(length);
    this.board = new QueueBoard(this.memory.board, length);
    this.#ring = new RingConsumer(this.memory.ring);
  }

  get size(): number {
    if (this.#ahead === null) this.#skipStale();
    return Math.max(0, this.board.size);
  }

  /** The first item, which stays there. */
  peek(): OutgoingItem | null {
    if (this.#ahead !== null) return this.#ahead;
    const at = this.#skipStale();
    if (at < 0) return null;
    const besideBytes = besideBytesAt(this.#ring, at);
    const beside = besideBytes > 0 ? this.#receive(besideBytes) : undefined;
    this.#ahead = new OutgoingItem(readRecord(this.#ring, at, beside));
    return this.#ahead;
  }

  /** Removes what `peek` showed. */
  take(): void {
    invariant(this.#ahead !== null, "an item is looked at before it is taken");
    this.#ahead = null;
    this.#drop(this.#ring.peek());
  }

  /** Empties the queue; what a producer is putting in at this moment is passed over later. */
  nextPass(): void {
    const hadBody = this.#ahead !== null;
    this.board.nextPass();
    if (hadBody) this.take();
    this.#skipStale();
    this.poke();
  }

  /** Something that a producer of this thread puts beside the ring. */
  putBeside(body: Uint8Array): void {
    this.#beside.push(body);
  }

  /** Where a thread that fills the queue sends what it puts beside the ring. One thread at a time. */
  listenTo(port: MessagePort): void {
    this.#port?.close();
    this.#port = port;
    port.unref();
  }

  /** Resolves when an item came, something about the producer changed, or after so long. */
  untilChanged(timeoutMs: number): Promise<void> {
    const published = this.#ring.untilPublished(timeoutMs);
    if (published === undefined) return Promise.resolve();
    return new Promise((resolve) => {
      const done = (): void => {
        this.#waiters.delete(done);
        resolve();
      };
      this.#waiters.add(done);
      void published.then(done);
    });
  }

  /** Wakes whoever waits here: something changed on this thread. */
  poke(): void {
    for (const wake of this.#waiters) wake();
  }

  /** Position of the first record of this pass, -1 if there is none. */
  #skipStale(): number {
    for (;;) {
      const at = this.#ring.peek();
      if (at < 0 || passAt(this.#ring, at) === this.board.pass) return at;
      const besideBytes = besideBytesAt(this.#ring, at);
      if (besideBytes > 0) this.#receive(besideBytes);
      this.#drop(at);
    }
  }

  #drop(at: number): void {
    const besideBytes = besideBytesAt(this.#ring, at);
    this.#ring.take();
    this.#unreleased++;
    if (this.#unreleased >= RELEASE_EVERY || this.board.size <= 1) {
      this.#ring.release();
      this.#unreleased = 0;
    }
    if (this.board.took(besideBytes)) this.onRoom();
  }

  /** Bodies come in the order of their records, and are sent before the record can be seen. */
  #receive(bytes: number): Uint8Array {
    const body =
      this.#beside.shift() ??
      (this.#port === undefined ? undefined : receiveMessageOnPort(this.#port)?.message);
    invariant(
      body instanceof Uint8Array && body.length === bytes,
      "the body of a large item waits beside the ring",
    );
    return body;
  }
}
