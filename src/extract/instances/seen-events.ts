const PAGE_BITS = 1 << 16;

/** Keys of events that were read: a bit each, in pages of 8 KiB, so that ten million take little more than a megabyte. */
export class SeenEvents {
  readonly #pages = new Map<number, Uint8Array>();

  /** True the first time. */
  add(id: number): boolean {
    const number = Math.floor(id / PAGE_BITS);
    let page = this.#pages.get(number);
    if (page === undefined) {
      page = new Uint8Array(PAGE_BITS / 8);
      this.#pages.set(number, page);
    }
    const bit = id - number * PAGE_BITS;
    const mask = 1 << (bit & 7);
    const byte = page[bit >> 3] as number;
    page[bit >> 3] = byte | mask;
    return (byte & mask) === 0;
  }
}
