// Wakes the paced parts of one thread at their due times. The thread keeps all due times itself and asks the alarm clock, a thread
// that does nothing else, for the earliest of them. Runs per batch or message that is sent. Guarded by perf/session-fanout.bench.ts.
//
//   paced parts --at()--> heap of due times --the earliest--> alarm board <---> alarm clock
//        ^                                                         |
//        +------------------ in the order of due times <--- rung --+
import type { Worker } from "node:worker_threads";
import { type Clock, takeOrigin, threadClock } from "../../core/clock.ts";
import { type Nanos, nanos } from "../../core/units.ts";
import { AlarmSlot, allocateAlarmBoard } from "../../ring/alarm-board.ts";
import { type AlarmClockTask, startAlarmClock } from "../../ring/alarm-clock.ts";
import { type DueEntry, DueHeap, NOWHERE } from "./due-heap.ts";

/** Time as paced parts see it: what is it, and wake me then. Tests pass one that they move by hand. */
export interface WakeSource {
  now(): Nanos;
  /** A place among the due times; `onDue` runs on this thread, never before the due time, and once for each `at`. */
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

/** A sleeper is woken late by some 60 us, on a busy machine by several times that: the rest is looked away. */
const EARLY = nanos(300e3);
/** Clocks of two threads differ by well under this; what is due so soon is waited for here. */
const DISAGREEMENT_NS = 50e3;
/** Parts that are overdue are served for so long at a stretch; then sockets and requests have their turn. */
const SLICE_NS = 2e6;

export class WakeClock implements WakeSource {
  readonly #clock: Clock;
  readonly #thread: Worker;
  readonly #alarm: AlarmSlot;
  readonly #heap = new DueHeap<Slot>();
  /** What the alarm clock was asked for last, and has not rung for. */
  #asked = Number.POSITIVE_INFINITY;
  #isLooking = false;
  #isClosed = false;

  private constructor(thread: Worker, { board, origin }: AlarmClockTask) {
    this.#thread = thread;
    this.#alarm = new AlarmSlot(board, 0);
    this.#clock = threadClock(origin);
    // An alarm clock that fails takes the process with it: nothing would ever be due again.
    thread.on("error", (error) => {
      throw error;
    });
  }

  /** Starts the alarm clock, for slots of the calling thread. Its thread keeps the process alive until `close`. */
  static async start(): Promise<WakeClock> {
    const task = { board: allocateAlarmBoard(1), origin: takeOrigin(), early: EARLY };
    const thread = startAlarmClock(task);
    await new Promise<void>((resolve, reject) => {
      thread.once("message", resolve).once("error", reject);
    });
    thread.removeAllListeners("error");
    return new WakeClock(thread, task);
  }

  now(): Nanos {
    return this.#clock.now();
  }

  slot(onDue: () => void): WakeSlot {
    const slot: Slot = {
      due: Number.POSITIVE_INFINITY,
      place: NOWHERE,
      onDue,
      at: (due) => {
        this.#heap.put(slot, due);
        this.#lookSoon();
      },
      cancel: () => this.#heap.remove(slot),
      release: () => this.#heap.remove(slot),
    };
    return slot;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#thread.terminate();
  }

  /** Once for all that ask at this moment: where many are served, many ask again. */
  #lookSoon(): void {
    if (this.#isLooking) return;
    this.#isLooking = true;
    queueMicrotask(() => {
      this.#isLooking = false;
      this.#look();
    });
  }

  /** What is due waits for a turn of the event loop only: who is always late must not stop it. */
  #look(): void {
    const due = this.#heap.first?.due ?? Number.POSITIVE_INFINITY;
    if (due >= this.#asked || this.#isClosed) return;
    this.#asked = due;
    if (due <= this.now()) setImmediate(this.#serve);
    else this.#alarm.wakeAt(due, this.#serve);
  }

  /** In the order of due times, however late this thread comes to it. */
  readonly #serve = (): void => {
    if (this.#isClosed) return;
    this.#asked = Number.POSITIVE_INFINITY;
    const sliceEnd = this.now() + SLICE_NS;
    for (;;) {
      const slot = this.#heap.first;
      const now = this.now();
      if (slot === undefined || slot.due > now + DISAGREEMENT_NS || now > sliceEnd) break;
      while (this.now() < slot.due);
      this.#heap.remove(slot);
      slot.onDue();
    }
    this.#lookSoon();
  };
}

type Slot = DueEntry & WakeSlot & { readonly onDue: () => void };
