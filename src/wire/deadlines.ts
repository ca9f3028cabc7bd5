// Time-outs without a timer per request: one sweep over the open connections of a thread, 20 times a second, while an
// exchange is under way. Per request it costs two additions. A connection does not read the clock either: it marks a new
// phase with UNSEEN, and the first sweep that meets the mark writes the time. So a time-out is never early, and late by
// one period at most, plus whatever the thread itself was late.
import type { Clock } from "../core/clock.ts";
import { type Millis, millis, type Nanos, nanos } from "../core/units.ts";

/** How long each part of an exchange may take; 0 = no limit. */
export type Timeouts = {
  /** Until the connection stands, TLS included. */
  readonly connect: Nanos;
  /** From the request sent, its body included, to the first byte of the answer. */
  readonly firstByte: Nanos;
  /** Without any byte while a body moves, either way. */
  readonly idle: Nanos;
  /** The whole exchange. */
  readonly total: Nanos;
};

/** What has not happened, by the end of the name of its failure. */
export const overdue = {
  connect: "no connection",
  first_byte: "no answer",
  idle: "no further byte",
  total: "the exchange did not end",
} as const;

/** A phase whose start no sweep has seen yet. */
export const UNSEEN: Nanos = nanos(-1);

export interface Judged {
  /** Fails its exchange when a limit is passed. May remove itself from the deadlines meanwhile. */
  judge(now: Nanos): void;
}

const SWEEP_PERIOD: Millis = millis(50);

export class Deadlines {
  readonly #clock: Clock;
  readonly #open = new Set<Judged>();
  #busy = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Connections that stand or are being made. */
  get open(): number {
    return this.#open.size;
  }

  add(connection: Judged): void {
    this.#open.add(connection);
  }

  remove(connection: Judged): void {
    this.#open.delete(connection);
  }

  /** An exchange begins. */
  begin(): void {
    this.#busy++;
    this.#timer ??= setInterval(this.#tick, SWEEP_PERIOD).unref();
  }

  /** An exchange has ended. The timer goes on until its next tick: most often a new exchange begins before. */
  end(): void {
    this.#busy--;
  }

  sweep(now: Nanos): void {
    for (const connection of this.#open) connection.judge(now);
  }

  // Judged behind the poll phase: after a stall of this thread, answers that lie ready in the kernel are read first, and
  // the server is not blamed for our delay.
  readonly #tick = (): void => {
    if (this.#busy > 0) {
      setImmediate(this.#judge).unref();
      return;
    }
    clearInterval(this.#timer);
    this.#timer = undefined;
  };

  readonly #judge = (): void => this.sweep(this.#clock.now());
}
