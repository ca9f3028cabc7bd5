// Due times of the paced parts of one thread, the earliest first. Asked for a few times per batch that is sent: takes the logarithm of
// the number of parts, and allocates nothing once it has grown. Guarded by perf/session-fanout.bench.ts.
//
//   place      0
//             / \        every entry is due no earlier than the one above it;
//            1   2       above place p stands (p - 1) >> 1
//           / \
//          3   4
/** Not in the heap. */
export const NOWHERE = -1;

/** What a heap keeps. `due` and `place` are written by the heap alone. */
export type DueEntry = { due: number; place: number };

export class DueHeap<Entry extends DueEntry> {
  readonly #entries: Entry[] = [];

  /** The entry that is due first. */
  get first(): Entry | undefined {
    return this.#entries[0];
  }

  /** Adds the entry, or moves it to another time. */
  put(entry: Entry, due: number): void {
    entry.due = due;
    if (entry.place === NOWHERE) {
      entry.place = this.#entries.length;
      this.#entries.push(entry);
    }
    this.#settle(entry);
  }

  /** Does nothing if the entry is not there. */
  remove(entry: Entry): void {
    const { place } = entry;
    if (place === NOWHERE) return;
    entry.place = NOWHERE;
    entry.due = Number.POSITIVE_INFINITY;
    const last = this.#entries.pop() as Entry;
    if (last === entry) return;
    this.#set(place, last);
    this.#settle(last);
  }

  #settle(entry: Entry): void {
    this.#rise(entry);
    this.#sink(entry);
  }

  #rise(entry: Entry): void {
    for (;;) {
      const { place } = entry;
      if (place === 0) return;
      const above = this.#entries[(place - 1) >> 1] as Entry;
      if (above.due <= entry.due) return;
      this.#set(place, above);
      this.#set((place - 1) >> 1, entry);
    }
  }

  #sink(entry: Entry): void {
    for (;;) {
      const { place } = entry;
      const next = this.#earlierBelow(place);
      if (next === undefined || next.due >= entry.due) return;
      const below = next.place;
      this.#set(place, next);
      this.#set(below, entry);
    }
  }

  #earlierBelow(place: number): Entry | undefined {
    const left = this.#entries[2 * place + 1];
    const right = this.#entries[2 * place + 2];
    return left !== undefined && right !== undefined && right.due < left.due ? right : left;
  }

  #set(place: number, entry: Entry): void {
    this.#entries[place] = entry;
    entry.place = place;
  }
}
