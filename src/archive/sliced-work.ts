// Work that would hold up everything else in the process for longer than a session may be late: it is done in slices, and the
// event loop has its turn between them. What has to come behind it waits, in the order in which it came.
//
//   |.. steps ..| loop |.. steps ..| loop |.. steps, what waited ..| loop
//      2 ms                2 ms
import { invariant } from "../core/errors.ts";
import type { Millis } from "../core/units.ts";

/** What waits is in memory only, so more than this ends the slices: all that is left is done in one go. */
const WAITING_BYTES_MAX = 16_777_216;
const WAITING_MS_MAX = 1000;

/** Something between two steps of which others may have their turn. */
export type Steps = Generator<void>;

export type Behind = {
  readonly bytes: number;
  /** How many batches are lost with it. */
  readonly batches: number;
  /** May begin more work, which goes before what else waits. */
  readonly run: () => Steps | undefined;
};

/** Does all steps without any pause. */
export function inOneGo<Result>(steps: Generator<void, Result>): Result {
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}

export class SlicedWork {
  readonly #onError: (error: unknown) => void;
  #sliceMs: number;
  #steps: Steps | undefined;
  #idle: PromiseWithResolvers<void> | undefined;
  #waiting: Behind[] = [];
  #waitingBytes = 0;
  #waitingSince = 0;

  /** `onError` is told once the work is over; what waited is still there, to be counted. */
  constructor({ slice, onError }: { slice: Millis; onError: (error: unknown) => void }) {
    this.#sliceMs = slice;
    this.#onError = onError;
  }

  get isBusy(): boolean {
    return this.#steps !== undefined;
  }

  /** Resolves once nothing is under way, nor waits. */
  get idle(): Promise<void> {
    return this.#idle?.promise ?? Promise.resolve();
  }

  /** Does the first slice at once: what is done within it is done when this returns. */
  begin(steps: Steps): Promise<void> {
    invariant(!this.isBusy, "one work at a time");
    this.#steps = this.#andWaiting(steps);
    this.#idle = Promise.withResolvers();
    const { promise } = this.#idle;
    this.#slice();
    return promise;
  }

  /** Comes once the work is over. */
  add(behind: Behind): void {
    if (this.#waiting.length === 0) this.#waitingSince = performance.now();
    this.#waiting.push(behind);
    this.#waitingBytes += behind.bytes;
    const isTooLong = performance.now() - this.#waitingSince > WAITING_MS_MAX;
    if (isTooLong || this.#waitingBytes > WAITING_BYTES_MAX) this.#finish();
  }

  /** From now on there are no pauses. */
  hurry(): void {
    this.#sliceMs = Number.POSITIVE_INFINITY;
    this.#finish();
  }

  /** Nothing more is done; gives how many batches are lost by that. */
  drop(): number {
    const lost = this.#waiting.reduce((sum, { batches }) => sum + batches, 0);
    this.#waiting = [];
    this.#waitingBytes = 0;
    this.#end();
    return lost;
  }

  *#andWaiting(steps: Steps): Steps {
    yield* steps;
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      this.#waitingBytes -= next.bytes;
      const more = next.run();
      if (more !== undefined) yield* more;
      yield;
    }
  }

  #slice(): void {
    const until = performance.now() + this.#sliceMs;
    while (this.#step())
      if (performance.now() >= until) {
        const steps = this.#steps;
        setImmediate(() => {
          if (this.#steps === steps) this.#slice();
        });
        return;
      }
  }

  #finish(): void {
    while (this.#step());
  }

  /** Whether there is more to do. */
  #step(): boolean {
    const steps = this.#steps;
    if (steps === undefined) return false;
    try {
      if (steps.next().done !== true) return this.#steps !== undefined;
    } catch (error) {
      this.#end();
      this.#onError(error);
      return false;
    }
    this.#end();
    return false;
  }

  #end(): void {
    this.#steps = undefined;
    this.#idle?.resolve();
    this.#idle = undefined;
  }
}
