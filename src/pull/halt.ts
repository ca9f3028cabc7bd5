import type { Clock } from "../core/clock.ts";

/** Beyond it timers fire at once. */
export const LONGEST_TIMER_MS = 1_000_000_000;

/** Ends whatever waits for an instant: an interrupt, or the end of all lists. */
export class Halt {
  isHalted = false;
  readonly promise: Promise<void>;
  readonly #resolve: () => void;

  constructor() {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.promise = promise;
    this.#resolve = resolve;
  }

  now(): void {
    this.isHalted = true;
    this.#resolve();
  }

  /** One of its own, that this one halts as well. */
  child(): Halt {
    const child = new Halt();
    if (this.isHalted) child.now();
    else void this.promise.then(() => child.now());
    return child;
  }

  /** False when halted before. Deadlines are absolute, ns: a late timer shifts nothing behind it. */
  async until(clock: Clock, at: number): Promise<boolean> {
    for (let left = at - clock.now(); left > 0 && !this.isHalted; left = at - clock.now()) {
      let timer: NodeJS.Timeout | undefined;
      const passed = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, Math.min(LONGEST_TIMER_MS, left / 1e6));
      });
      await Promise.race([passed, this.promise]);
      clearTimeout(timer);
    }
    return !this.isHalted;
  }
}

/** Whether it is done within so many milliseconds. */
export async function within(done: Promise<void>, ms: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), Math.min(LONGEST_TIMER_MS, ms));
  });
  const inTime = await Promise.race([done.then(() => true), late]);
  clearTimeout(timer);
  return inTime;
}
