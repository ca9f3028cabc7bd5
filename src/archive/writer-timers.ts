import type { Millis } from "../core/units.ts";

/** No record waits in memory for longer than this. */
const WRITE_DELAY_MS = 100;
/** Longer timers would fire at once. */
const TIMER_MS_MAX = 2 ** 31 - 1;

type Actions = {
  /** 0: off. */
  readonly flushInterval: Millis;
  readonly rotateInterval: Millis;
  /** How old the file is that is being written. */
  readonly age: Millis;
  readonly write: () => void;
  readonly commit: () => Promise<void>;
  readonly rotate: () => void;
};

/** What a writer does after a while: write, commit, rotate. None of it keeps the process alive. */
export class WriterTimers {
  readonly #actions: Actions;
  #write: NodeJS.Timeout | undefined;
  #commit: NodeJS.Timeout | undefined;
  #rotate: NodeJS.Timeout | undefined;
  #committing: Promise<void> | undefined;
  #hasEnded = false;

  constructor(actions: Actions) {
    this.#actions = actions;
    const { rotateInterval, age } = actions;
    // A recorder that is started anew more often than it rotates would never rotate.
    this.#armRotation(Math.max(1, rotateInterval - Math.max(0, age)));
  }

  /** Something waits to be written and committed. */
  added(): void {
    const { flushInterval, write } = this.#actions;
    this.#write ??= setTimeout(() => {
      this.#write = undefined;
      write();
    }, WRITE_DELAY_MS).unref();
    if (flushInterval === 0) return;
    this.#commit ??= setTimeout(
      () => {
        this.#commit = undefined;
        // What came last may be behind a commit that is under way.
        if (this.#committing === undefined) this.commitSoon();
        else void this.#committing.then(() => this.commitSoon());
      },
      Math.min(flushInterval, TIMER_MS_MAX),
    ).unref();
  }

  /** One at a time: what is added meanwhile asks again. */
  commitSoon(): void {
    const done = (): void => {
      this.#committing = undefined;
    };
    this.#committing ??= this.#actions.commit().then(done, done);
  }

  /** A new file has begun. */
  rotated(): void {
    clearTimeout(this.#rotate);
    this.#armRotation(this.#actions.rotateInterval);
  }

  end(): void {
    this.#hasEnded = true;
    for (const timer of [this.#write, this.#commit, this.#rotate]) clearTimeout(timer);
  }

  #armRotation(left: number): void {
    if (this.#actions.rotateInterval === 0 || this.#hasEnded) return;
    const step = Math.min(left, TIMER_MS_MAX);
    this.#rotate = setTimeout(() => {
      if (left - step > 0) this.#armRotation(left - step);
      else this.#actions.rotate();
    }, step).unref();
  }
}
