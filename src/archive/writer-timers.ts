import type { Millis } from "../core/units.ts";

/** No record waits in memory for longer than this. */
const WRITE_DELAY_MS = 100;
/** Longer timers would fire at once. */
const TIMER_MS_MAX = 2 ** 31 - 1;

type Actions = {
  /** 0: off. */
  readonly flushInterval: Millis;
  readonly rotateInterval: Millis;
  readonly write: () => void;
  readonly commit: () => void;
  readonly rotate: () => void;
};

/** What a writer does after a while: write, commit, rotate. None of it keeps the process alive. */
export class WriterTimers {
  readonly #actions: Actions;
  #write: NodeJS.Timeout | undefined;
  #commit: NodeJS.Timeout | undefined;
  #rotate: NodeJS.Timeout | undefined;
  #hasEnded = false;

  constructor(actions: Actions) {
    this.#actions = actions;
    if (actions.rotateInterval > 0) this.#armRotation(actions.rotateInterval);
  }

  /** Something waits to be written and committed. */
  added(): void {
    const { flushInterval, write, commit } = this.#actions;
    this.#write ??= setTimeout(() => {
      this.#write = undefined;
      write();
    }, WRITE_DELAY_MS).unref();
    if (flushInterval === 0) return;
    this.#commit ??= setTimeout(
      () => {
        this.#commit = undefined;
        commit();
      },
      Math.min(flushInterval, TIMER_MS_MAX),
    ).unref();
  }

  end(): void {
    this.#hasEnded = true;
    for (const timer of [this.#write, this.#commit, this.#rotate]) clearTimeout(timer);
  }

  #armRotation(left: number): void {
    const step = Math.min(left, TIMER_MS_MAX);
    this.#rotate = setTimeout(() => {
      if (left - step > 0) return this.#armRotation(left - step);
      this.#actions.rotate();
      if (!this.#hasEnded) this.#armRotation(this.#actions.rotateInterval);
    }, step).unref();
  }
}
