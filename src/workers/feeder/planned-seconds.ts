/**
 * Counts operations by the second of the run they are due in, and tells each second once it is over. Due times only
 * rise, so one counter will do.
 */
export class PlannedSeconds {
  readonly #tell: (second: number, operations: number) => void;
  #second = 0;
  #operations = 0;

  constructor(tell: (second: number, operations: number) => void) {
    this.#tell = tell;
  }

  /** `due` in nanoseconds from the start of the run. */
  count(due: number): void {
    const second = Math.floor(due / 1e9);
    if (second !== this.#second) {
      this.end();
      this.#second = second;
    }
    this.#operations++;
  }

  /** No operation follows. */
  end(): void {
    if (this.#operations > 0) this.#tell(this.#second, this.#operations);
    this.#operations = 0;
  }
}
