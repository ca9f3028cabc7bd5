import { RingProducer } from "../../ring/record-ring.ts";
import { type PackedItem, RecordForm } from "./item-record.ts";
import { QueueBoard } from "./queue-board.ts";
import type { QueueMemory } from "./queue-core.ts";

/** What a queue is filled from. `next` and `rewind` may throw. */
export type FillSource = {
  isPending(): boolean;
  next(): PackedItem | null;
  rewind(): void;
};

/**
 * What one step did: `more` = an item went in; `full` = there is no room; `idle` = not told to read; `ended` = all was read;
 * `failed` = the source threw, and reading has stopped until the next start.
 */
export type FillStep =
  | { readonly kind: "more" | "full" | "idle" | "ended" }
  | { readonly kind: "failed"; readonly error: unknown; readonly pass: number };

/** A consumer that keeps up sleeps between any two items: it is woken for so many at once, or after so long. */
const WAKE_EVERY = 64;
const WAKE_MS = 1;

const MORE: FillStep = { kind: "more" };
const FULL: FillStep = { kind: "full" };
const IDLE: FillStep = { kind: "idle" };
const ENDED: FillStep = { kind: "ended" };

/** The end of a queue where items go in, on whatever thread reads them. Knows when to read, never waits. */
export class QueueFiller {
  readonly board: QueueBoard;
  readonly #ring: RingProducer;
  readonly #slotBytes: number;
  readonly #source: FillSource;
  readonly #putBeside: (body: Uint8Array<ArrayBuffer>) => void;
  /** Read, and not yet in the queue. Survives a stop. */
  #inHand: RecordForm | undefined;
  #pass: number;
  #isReady = false;
  #hasEnded = false;
  /** Items that can be seen, and that nobody was woken for. */
  #untold = 0;
  #toldAt = 0;

  constructor(
    memory: QueueMemory,
    source: FillSource,
    putBeside: (body: Uint8Array<ArrayBuffer>) => void,
  ) {
    this.board = new QueueBoard(memory.board, memory.length);
    this.#ring = new RingProducer(memory.ring);
    this.#slotBytes = memory.slotBytes;
    this.#source = source;
    this.#putBeside = putBeside;
    this.#pass = this.board.pass;
  }

  /** Whoever waits for `more` next, instead of asking for it at once, has to `tell` before. */
  step(): FillStep {
    const step = this.#step();
    if (step !== MORE) this.tell();
    else if (++this.#untold >= WAKE_EVERY || performance.now() - this.#toldAt >= WAKE_MS)
      this.tell();
    return step;
  }

  /** Wakes a consumer that waits for what has been put in. */
  tell(): void {
    if (this.#untold === 0) return;
    this.#untold = 0;
    this.#toldAt = performance.now();
    this.#ring.publish();
  }

  #step(): FillStep {
    const { start, pass } = this.board;
    try {
      if (pass !== this.#pass) this.#begin(pass);
      if (this.#hasEnded) return ENDED;
      if (!this.board.isRunning || this.board.isHalted) return IDLE;
      return this.#fill();
    } catch (error) {
      this.#report();
      this.board.halt(start);
      return { kind: "failed", error, pass: this.#pass };
    }
  }

  #begin(pass: number): void {
    this.#pass = pass;
    this.#inHand = undefined;
    this.#isReady = false;
    this.#hasEnded = false;
    this.#source.rewind();
    this.#report();
  }

  #fill(): FillStep {
    // Outside the gate: a reader may take its time.
    this.#inHand ??= this.#read();
    if (!this.board.enter(this.#pass)) return IDLE;
    try {
      return this.#inHand === undefined ? this.#end() : this.#putInHand(this.#inHand);
    } finally {
      this.board.leave();
    }
  }

  #end(): FillStep {
    this.#hasEnded = true;
    this.#isReady = true;
    this.#report();
    this.#ring.publish();
    return ENDED;
  }

  #putInHand(form: RecordForm): FillStep {
    if (!this.#put(form)) {
      this.#becomeReady();
      return FULL;
    }
    this.#inHand = undefined;
    if (this.board.size >= this.board.length) this.#isReady = true;
    this.#report();
    this.#ring.show();
    return MORE;
  }

  #read(): RecordForm | undefined {
    const item = this.#source.isPending() ? this.#source.next() : null;
    return item === null ? undefined : new RecordForm(item, this.#slotBytes);
  }

  #put(form: RecordForm): boolean {
    const { besideBytes } = form;
    if (!this.board.hasRoom(besideBytes)) return false;
    // Before the record can be seen: whoever sees it finds its body, and counts no less than is there.
    if (besideBytes > 0) this.#putBeside(form.beside());
    this.board.willPut(besideBytes);
    if (form.write(this.#ring, this.#pass)) return true;
    throw new Error("invariant broken: a queue has room for as many records as it is long");
  }

  #becomeReady(): void {
    if (this.#isReady) return;
    this.#isReady = true;
    this.#report();
    this.#ring.publish();
  }

  #report(): void {
    this.board.setState(this.#pass, {
      pending: !this.#hasEnded && (this.#inHand !== undefined || this.#isPending()),
      ready: this.#isReady,
      ended: this.#hasEnded,
    });
  }

  /** A source that throws when it is asked will be asked again in its turn. */
  #isPending(): boolean {
    try {
      return this.#source.isPending();
    } catch {
      return true;
    }
  }
}
