// Puts what came out of a stream back into the order in which it was written. A writer has a window of messages under way
// (stream-writer.ts), and servers that die in the middle keep a later one before an earlier one: readers wait for what is missing.
//
//   kept by the servers   1  2  5  4  3  6          5 and 4 wait for 3
//   told                  1  2        3 4 5  6
//
// Another writer of the same subject, the master that takes a run over, begins a new term and counts from 1. Its first message
// stands somewhere in the stream, and all that read it agree on what of the old term came before it:
//
//   term 1   1  2  4     ........ 3  5              3 was kept too late: it and all behind it were never written
//   term 2            1  2  3  4  5  6
//   told     1  2     1  2  3  4  5  6
//
// Term and number are all that is looked at. What is kept here is less than a window.

/** Messages of one writer that are not known to be kept, at most: so far ahead of a missing one another can be. */
export const WINDOW_MESSAGES = 32;

export type Numbered = {
  /** Counts the writers of a subject, from 1. */
  readonly term: number;
  /** Counts the messages of a term, from 1. */
  readonly number: number;
  /** Empty for the message that only begins a term. */
  readonly frame: Uint8Array;
};

export class StreamOrder {
  #term = 0;
  #last = 0;
  readonly #ahead = new Map<number, Uint8Array>();

  /** Number of the last message of the newest term that was told. */
  get last(): number {
    return this.#last;
  }

  /**
   * Takes what the servers kept next; `tell` is called for everything that has its turn now. False when a message is missing
   * that cannot come any more: the servers have dropped it.
   */
  take({ term, number, frame }: Numbered, tell: (frame: Uint8Array) => void): boolean {
    if (term < this.#term) return true;
    if (term > this.#term) this.#begin(term);
    if (number > this.#last + WINDOW_MESSAGES) return false;
    if (number <= this.#last) return true;
    this.#ahead.set(number, frame);
    for (let next = this.#takeNext(); next !== undefined; next = this.#takeNext())
      if (next.length > 0) tell(next);
    return true;
  }

  #begin(term: number): void {
    this.#term = term;
    this.#last = 0;
    this.#ahead.clear();
  }

  #takeNext(): Uint8Array | undefined {
    const next = this.#ahead.get(this.#last + 1);
    if (next !== undefined) this.#ahead.delete(++this.#last);
    return next;
  }
}
