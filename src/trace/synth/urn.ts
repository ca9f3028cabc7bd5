import type { Random } from "../../core/random.ts";

/**
 * Tickets of several sorts, drawn without replacement: what was planned is drawn exactly, in random order.
 * Memory grows with sorts, not with tickets; a draw costs log2(sorts) steps (a Fenwick tree of prefix sums).
 */
export class Urn {
  // tree[i] holds the tickets of the sorts i - lowbit(i) .. i - 1.
  readonly #tree: Float64Array;
  readonly #counts: Float64Array;
  readonly #top: number;
  #total = 0;

  constructor(counts: ArrayLike<number>) {
    const sorts = counts.length;
    this.#tree = new Float64Array(sorts + 1);
    this.#counts = new Float64Array(sorts);
    let top = 1;
    while (top * 2 <= sorts) top *= 2;
    this.#top = top;
    for (let sort = 0; sort < sorts; sort++) this.add(sort, counts[sort] ?? 0);
  }

  get total(): number {
    return this.#total;
  }

  count(sort: number): number {
    return this.#counts[sort] ?? 0;
  }

  /** Takes one ticket out and returns its sort; the urn must not be empty. */
  draw(chance: Random): number {
    const sort = this.pick(chance);
    this.take(sort);
    return sort;
  }

  /** The sort that `draw` would have returned; the ticket stays in. */
  pick(chance: Random): number {
    let rest = chance.integer(this.#total);
    let sort = 0;
    for (let step = this.#top; step >= 1; step /= 2) {
      const below = this.#tree[sort + step];
      if (below !== undefined && below <= rest) {
        rest -= below;
        sort += step;
      }
    }
    return sort;
  }

  /** Takes one ticket of this sort out; there must be one. */
  take(sort: number): void {
    this.add(sort, -1);
  }

  /** Puts so many tickets of this sort in. */
  add(sort: number, by: number): void {
    this.#counts[sort] = (this.#counts[sort] ?? 0) + by;
    this.#total += by;
    for (let at = sort + 1; at < this.#tree.length; at += at & -at) {
      this.#tree[at] = (this.#tree[at] ?? 0) + by;
    }
  }
}
