// Wakes the paced parts of one thread at their due times, by a pacing thread that they share.
import { Worker } from "node:worker_threads";
import { type Clock, takeOrigin, threadClock } from "../../core/clock.ts";
import { invariant } from "../../core/errors.ts";
import type { Nanos } from "../../core/units.ts";
import { allocateWakeBoard, WAKE_SLOTS_MAX, WakeBoard } from "./wake-board.ts";

/** What the pacing thread is started with. */
export type PacingThreadTask = { readonly board: SharedArrayBuffer; readonly origin: bigint };

/** Time as paced parts see it: what is it, and wake me then. Tests pass one that they move by hand. */
export interface WakeSource {
  now(): Nanos;
  /** A place on the board; `onDue` runs on this thread, never before the due time, and once for each `at`. */
  slot(onDue: () => void): WakeSlot;
}

export interface WakeSlot {
  /** Asks to be woken at `due`; replaces what was asked before, also a time that has come but was not yet told. */
  at(due: Nanos): void;
  /** Takes the question back: `onDue` does not run. */
  cancel(): void;
  /** Gives the place back; the slot must not be used again. */
  release(): void;
}

const threadUrl = new URL(
  `./thread-main${import.meta.url.endsWith(".ts") ? ".ts" : ".js"}`,
  import.meta.url,
);

/** Clocks of two threads differ by well under this; a ring that comes earlier than that is asked for again. */
const DISAGREEMENT_NS = 50e3;

export class WakeClock implements WakeSource {
  readonly #board: WakeBoard;
  readonly #clock: Clock;
  readonly #thread: Worker;
  readonly #slots: (Slot | undefined)[] = [];
  #isClosed = false;

  private constructor(thread: Worker, { board, origin }: PacingThreadTask) {
    this.#thread = thread;
    this.#board = new WakeBoard(board);
    this.#clock = threadClock(origin);
    // A pacing thread that fails takes the process with it: nothing would ever be due again.
    thread.on("error", (error) => {
      throw error;
    });
    this.#listen();
  }

  /** Starts the pacing thread, for slots of the calling thread. The thread keeps the process alive until `close`. */
  static async start(): Promise<WakeClock> {
    const workerData: PacingThreadTask = { board: allocateWakeBoard(), origin: takeOrigin() };
    const thread = new Worker(threadUrl, { workerData });
    await new Promise<void>((resolve, reject) => {
      thread.once("online", resolve).once("error", reject);
    });
    thread.removeAllListeners("error");
    return new WakeClock(thread, workerData);
  }

  now(): Nanos {
    return this.#clock.now();
  }

  slot(onDue: () => void): WakeSlot {
    const free = this.#slots.indexOf(undefined);
    const index = free === -1 ? this.#slots.length : free;
    invariant(index < WAKE_SLOTS_MAX, `${WAKE_SLOTS_MAX} slots are enough for one thread`);
    const slot = new Slot({ board: this.#board, index, onDue, free: () => this.#free(index) });
    this.#slots[index] = slot;
    this.#board.use(index);
    return slot;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#board.close();
    await this.#thread.terminate();
  }

  #free(index: number): void {
    this.#slots[index] = undefined;
  }

  /** A ring that came while slots were served waits for a turn of the event loop: who is always late must not stop it. */
  #listen(): void {
    if (this.#isClosed) return;
    const seen = this.#board.doorbell();
    this.#serve();
    const rung = this.#board.untilRung(seen);
    if (rung === undefined) setImmediate(() => this.#listen());
    else rung.then(() => this.#listen());
  }

  /** In the order of due times, however late this thread comes to it. */
  #serve(): void {
    const rung = this.#slots.filter((slot) => slot?.isRung()) as Slot[];
    if (rung.length > 1) rung.sort((a, b) => a.due - b.due);
    for (const slot of rung) slot.serve(this.#clock);
  }
}

type SlotOptions = {
  readonly board: WakeBoard;
  readonly index: number;
  readonly onDue: () => void;
  readonly free: () => void;
};

class Slot implements WakeSlot {
  readonly #options: SlotOptions;
  due = Number.POSITIVE_INFINITY;

  constructor(options: SlotOptions) {
    this.#options = options;
  }

  at(due: Nanos): void {
    this.due = due;
    this.#options.board.ask(this.#options.index, due);
  }

  cancel(): void {
    if (this.due === Number.POSITIVE_INFINITY) return;
    this.due = Number.POSITIVE_INFINITY;
    this.#options.board.ask(this.#options.index, Number.POSITIVE_INFINITY);
  }

  release(): void {
    this.cancel();
    this.#options.free();
  }

  isRung(): boolean {
    return this.due < Number.POSITIVE_INFINITY && this.#options.board.isRung(this.#options.index);
  }

  /**
   * Second look: the pacing thread says that the time has come, and this thread's own clock has to agree. A slot that was served
   * in the same turn may have asked for another time here.
   */
  serve(clock: Clock): void {
    if (!this.isRung()) return;
    if (this.due - clock.now() > DISAGREEMENT_NS) {
      this.at(this.due as Nanos);
      return;
    }
    while (clock.now() < this.due);
    this.due = Number.POSITIVE_INFINITY;
    this.#options.onDue();
  }
}
