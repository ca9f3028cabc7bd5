/** Operations of one page, which has a bit for each. */
const PAGE_OPERATIONS = 64 * 1024;

/**
 * Which operations were given to any node, by their sequence numbers, u32. Pages: those of a warm-up that belong to no URI have
 * the last numbers that there are. A number may be given as i32, as it stands in a ring.
 */
export class GivenOperations {
  readonly #pages = new Map<number, Uint8Array>();
  /** Those of them that the feeder has not come to. */
  open = 0;

  has(seq: number): boolean {
    const page = this.#pages.get(Math.floor((seq >>> 0) / PAGE_OPERATIONS));
    const bit = (seq >>> 0) % PAGE_OPERATIONS;
    return (((page?.[bit >>> 3] ?? 0) >> (bit & 7)) & 1) === 1;
  }

  add(seq: number): void {
    if (this.has(seq)) return;
    this.open++;
    const number = Math.floor((seq >>> 0) / PAGE_OPERATIONS);
    const page = this.#pages.get(number) ?? new Uint8Array(PAGE_OPERATIONS / 8);
    this.#pages.set(number, page);
    const bit = (seq >>> 0) % PAGE_OPERATIONS;
    page[bit >>> 3] = (page[bit >>> 3] as number) | (1 << (bit & 7));
  }
}
