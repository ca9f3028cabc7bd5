// Lines of several threads, put into the order of their times. A line is held for a moment, because one of another thread
// that is older may still be under way; after that it is written, whatever comes later.
import { localTime } from "./local-time.ts";

/** Threads send what they have every 50 ms; twice that and a stall of the main thread are covered. */
const HOLD_MS = 200;
/** A burst of more lines is written without waiting: the order then is that of arrival. */
const LINES_HELD_MAX = 10_000;

type Line = { readonly at: number; readonly text: string };

export class OrderedLines {
  readonly #write: (text: string) => void;
  #held: Line[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(write: (text: string) => void) {
    this.#write = write;
  }

  /** `at`: ms since the epoch, with fractions, on the clock of the run. `text`: one line, without time and break. */
  add(at: number, text: string): void {
    this.#held.push({ at, text });
    if (this.#held.length > LINES_HELD_MAX) this.flush();
    else this.#look();
  }

  /** In a while, at what may be written then. */
  #look(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#release(Date.now() - HOLD_MS);
    }, HOLD_MS / 2);
  }

  /** Writes everything that is held. */
  flush(): void {
    this.#release(Number.POSITIVE_INFINITY);
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.flush();
  }

  #release(until: number): void {
    const due = this.#held.filter(({ at }) => at <= until).sort((a, b) => a.at - b.at);
    if (due.length > 0) {
      this.#held = this.#held.filter(({ at }) => at > until);
      this.#write(due.map(({ at, text }) => `${localTime(at)}\t${text}\n`).join(""));
    }
    if (this.#held.length > 0) this.#look();
  }
}
