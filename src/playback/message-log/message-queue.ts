import type { PackedItem } from "./item-record.ts";
import { checkItem, type LogItem } from "./log-item.ts";
import { QUEUE_LENGTH_MAX, QueueCore } from "./queue-core.ts";
import { QueueFiller } from "./queue-filler.ts";
import { packedItem } from "./queued-item.ts";

/** Length of a queue that nobody chose. */
export const QUEUE_LENGTH_DEFAULT = 5000;
/** Waits are cut into such pieces, so that nothing is missed for longer. */
const WAIT_MS_MAX = 1000;

const cores = new WeakMap<object, QueueCore>();

/** Undefined for what is no queue of this make. */
export const coreOf = (queue: unknown): QueueCore | undefined =>
  typeof queue === "object" && queue !== null ? cores.get(queue) : undefined;

/** A bounded queue of messages in shared memory. Filled by a `BufferData`, or by hand. */
export class MessageQueue {
  /** Upper bound of items. */
  readonly length: number;
  readonly #core: QueueCore;
  #byHand: HandFeed | undefined;

  /** Throws a TypeError unless `length` is a whole number above 0, a RangeError above 2,097,152. */
  constructor(length: number = QUEUE_LENGTH_DEFAULT) {
    if (!Number.isInteger(length) || length <= 0) {
      throw new TypeError(`length: must be a whole number above 0, not ${String(length)}`);
    }
    if (length > QUEUE_LENGTH_MAX) {
      throw new RangeError(`length: a queue has ${QUEUE_LENGTH_MAX} places at most`);
    }
    this.length = length;
    this.#core = new QueueCore(length);
    cores.set(this, this.#core);
  }

  get size(): number {
    return this.#core.size;
  }

  get isFull(): boolean {
    return this.size >= this.length;
  }

  get isEmpty(): boolean {
    return this.size === 0;
  }

  /** The first item, taken out; null if none came in `timeoutMs` milliseconds (default: waits without end). */
  async get(timeoutMs?: number): Promise<LogItem | null> {
    if (timeoutMs !== undefined && !(timeoutMs >= 0)) {
      throw new TypeError("timeoutMs: must be a number of milliseconds from 0");
    }
    const until =
      timeoutMs === undefined ? Number.POSITIVE_INFINITY : performance.now() + timeoutMs;
    // What is waited for in shared memory does not keep the process alive by itself.
    const anchor = setInterval(() => {}, WAIT_MS_MAX);
    try {
      for (;;) {
        const item = this.#core.peek();
        if (item !== null) {
          this.#core.take();
          return item.item();
        }
        const left = until - performance.now();
        if (left <= 0) return null;
        await this.#core.untilChanged(Math.min(left, WAIT_MS_MAX));
      }
    } finally {
      clearInterval(anchor);
    }
  }

  /** Appends an item; false when the queue is full. TypeError for what is no item, and when a `BufferData` fills the queue. */
  put(item: LogItem): boolean {
    if (this.#core.link !== null) throw new TypeError("put: this queue is filled by a BufferData");
    checkItem(item);
    this.#byHand ??= new HandFeed(this.#core);
    return this.#byHand.put(packedItem(item, false));
  }
}

/** Puts single items through the same end as readers do. */
class HandFeed {
  readonly #filler: QueueFiller;
  #next: PackedItem | null = null;

  constructor(core: QueueCore) {
    core.board.run();
    this.#filler = new QueueFiller(
      core.memory,
      {
        isPending: () => true,
        next: () => {
          const item = this.#next;
          this.#next = null;
          return item;
        },
        rewind: () => {},
      },
      (body) => core.putBeside(body),
    );
  }

  put(item: PackedItem): boolean {
    if (!this.#filler.board.hasRoom(item.payload.length)) return false;
    this.#next = item;
    const step = this.#filler.step();
    if (step.kind === "failed") throw step.error;
    this.#filler.tell();
    return true;
  }
}
