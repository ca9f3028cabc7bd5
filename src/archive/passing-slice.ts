/** A filter may let nothing through for gigabytes: after so much that is passed over, some 2 ms of work, others have their turn. */
const RECORDS_MAX = 2048;
const BYTES_MAX = 1 << 20;

/** Counts what is passed over at a stretch. */
export class PassingSlice {
  readonly #isEndless: boolean;
  #records = 0;
  #bytes = 0;

  constructor({ isEndless }: { isEndless: boolean }) {
    this.#isEndless = isEndless;
  }

  begin(): void {
    this.#records = 0;
    this.#bytes = 0;
  }

  add(bytes: number): void {
    this.#records++;
    this.#bytes += bytes;
  }

  get isOver(): boolean {
    return !this.#isEndless && (this.#records >= RECORDS_MAX || this.#bytes >= BYTES_MAX);
  }
}

let last: Promise<void> = Promise.resolve();

/** Resolves in a turn of the event loop that nobody else gets by this: what is done in slices is done one slice a turn. */
export function ownTurn(): Promise<void> {
  last = last.then(() => new Promise((resolve) => setImmediate(resolve)));
  return last;
}
