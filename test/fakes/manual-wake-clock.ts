// Time for paced parts that a test moves by hand: due times ring in their order, each at its own instant.
import { type Nanos, nanos } from "../../src/core/units.ts";
import type { WakeSlot, WakeSource } from "../../src/playback/clock/wake-clock.ts";

type ManualSlot = WakeSlot & { due: number; readonly onDue: () => void };

export class ManualWakeClock implements WakeSource {
  readonly #slots = new Set<ManualSlot>();
  #now = 0;

  now(): Nanos {
    return nanos(this.#now);
  }

  slot(onDue: () => void): WakeSlot {
    const slot: ManualSlot = {
      due: Number.POSITIVE_INFINITY,
      onDue,
      at: (due) => {
        slot.due = due;
      },
      cancel: () => {
        slot.due = Number.POSITIVE_INFINITY;
      },
      release: () => {
        this.#slots.delete(slot);
      },
    };
    this.#slots.add(slot);
    return slot;
  }

  /** The earliest due time that anybody wants; infinity = none. */
  next(): number {
    return Math.min(Number.POSITIVE_INFINITY, ...[...this.#slots].map(({ due }) => due));
  }

  /** Moves to `until` and rings on the way. Between rings, promises that are ready settle. */
  async advanceTo(until: number): Promise<void> {
    await settled();
    for (let due = this.next(); due <= until; due = this.next()) {
      this.#now = Math.max(this.#now, due);
      const slot = [...this.#slots].find((one) => one.due === due) as ManualSlot;
      slot.due = Number.POSITIVE_INFINITY;
      slot.onDue();
      await settled();
    }
    this.#now = Math.max(this.#now, until);
  }

  /** Lets time pass without ringing: whoever was due is told later, and late. */
  sleepThrough(seconds: number): void {
    this.#now += seconds * 1e9;
  }

  advance(by: number): Promise<void> {
    return this.advanceTo(this.#now + by);
  }
}

/** Two turns of the event loop: what waits for promises or `setImmediate` has gone on. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 2; turn++) {
    await new Promise((resolve) => setImmediate(resolve));
  }
}
