// Wakes a request worker thread: at a due time, when the feeder has published records, or soon. The thread is never blocked
// in `Atomics.wait`, since that would delay the stamps of the answers to requests that are in flight.
import type { Clock } from "../../core/clock.ts";
import { type Nanos, nanos } from "../../core/units.ts";
import { type PacingMode, WAKE_MS_MAX, wakePlan } from "../../pacing/wake-plan.ts";
import type { AlarmSlot } from "../../ring/alarm-board.ts";
import type { RingConsumer } from "../../ring/record-ring.ts";

const SOON_MS = 1;
/**
 * How long `precise` looks at the clock before it lets the event loop turn: an answer may have to wait that long for its stamp.
 * A turn leaves garbage. With 0 (a look a turn) there are 270 collections a second, which took 6 % of the time; with 5 us 73,
 * with 20 us 22 (perf/arrivals.bench.ts, 1,000 requests/s; service times are the same within their noise).
 */
const SPIN_NS = 20e3;

export class Alarm {
  readonly #mode: PacingMode;
  readonly #ring: RingConsumer;
  readonly #slot: AlarmSlot;
  #startedAt: Nanos = nanos(0);
  #wake: () => void = () => {};
  #timer: NodeJS.Timeout | undefined;
  #immediate: NodeJS.Immediate | undefined;
  /** Due time that is near, on the thread's clock. */
  #near = 0;
  readonly #clock: Clock;
  #awaitsRecords = false;
  /** Due time that the timer is set for: most passes find it unchanged and leave the timer alone. */
  #due = Number.NaN;
  /** Holds the event loop: a promise of `waitAsync` does not. */
  readonly #anchor: NodeJS.Timeout;

  /** `slot`: the thread's place on the alarm clock's board, for `balanced`. */
  constructor(mode: PacingMode, clock: Clock, ring: RingConsumer, slot: AlarmSlot) {
    this.#mode = mode;
    this.#clock = clock;
    this.#ring = ring;
    this.#slot = slot;
    this.#anchor = setInterval(() => {}, WAKE_MS_MAX);
  }

  /** Sets what every alarm calls, and the instant that due times count from. */
  ring(wake: () => void, startedAt: Nanos): void {
    this.#wake = wake;
    this.#startedAt = startedAt;
  }

  at(now: Nanos, due: Nanos): void {
    const plan = wakePlan(this.#mode, now, due);
    if (plan.kind === "again") {
      this.#near = this.#startedAt + due;
      this.#immediate ??= setImmediate(this.#look);
      return;
    }
    if (plan.kind === "alarm") {
      this.#slot.wakeAt(this.#startedAt + due, this.#wake);
      return;
    }
    if (this.#timer !== undefined && this.#due === due) return;
    this.#after(plan.ms);
    this.#due = due;
  }

  /** Made once: a function for each turn of the event loop would be garbage. */
  readonly #look = (): void => {
    this.#immediate = undefined;
    const until = Math.min(this.#near, this.#clock.now() + SPIN_NS);
    while (this.#clock.now() < until);
    this.#wake();
  };

  soon(): void {
    this.#after(SOON_MS);
  }

  onRecords(): void {
    if (this.#awaitsRecords) return;
    const published = this.#ring.untilPublished(WAKE_MS_MAX);
    if (published === undefined) {
      this.soon();
      return;
    }
    this.#awaitsRecords = true;
    published.then(() => {
      this.#awaitsRecords = false;
      this.#wake();
    });
  }

  /** A new due time replaces the one before: there is one timer, and the earlier wake-up is never the wrong one. */
  #after(ms: number): void {
    if (this.#timer !== undefined) clearTimeout(this.#timer);
    this.#due = Number.NaN;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#wake();
    }, ms);
  }

  close(): void {
    clearInterval(this.#anchor);
    if (this.#timer !== undefined) clearTimeout(this.#timer);
    if (this.#immediate !== undefined) clearImmediate(this.#immediate);
  }
}
