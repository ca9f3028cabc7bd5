// What is to be done at instants, in their order, however late the process is.
import type { Clock } from "../../core/clock.ts";

type Due = { readonly at: number; readonly act: () => void };

export class Instants {
  readonly #clock: Clock;
  /** In the order of their instants; those of one instant in the order in which they came. */
  readonly #waiting: Due[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** `at`: ns on the clock; what lies in the past is done at once. */
  at(at: number, act: () => void): void {
    const before = this.#waiting.findLastIndex((due) => due.at <= at);
    this.#waiting.splice(before + 1, 0, { at, act });
    this.#look();
  }

  #look(): void {
    clearTimeout(this.#timer);
    for (let first = this.#waiting[0]; first !== undefined; first = this.#waiting[0]) {
      const left = first.at - this.#clock.now();
      if (left > 0) {
        this.#timer = setTimeout(() => this.#look(), left / 1e6);
        return;
      }
      this.#waiting.shift();
      first.act();
    }
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#waiting.length = 0;
  }
}
