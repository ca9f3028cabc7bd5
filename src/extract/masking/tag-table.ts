import { invariant } from "../../core/errors.ts";

const FIRST_SLOTS = 1 << 12;
const WORDS = 4;
export const TAG_SLOT_BYTES: number = 4 * WORDS;

// One slot, 16 bytes:
//
//   0        4        8         12       16
//   | high   | low    | first   | second  |        high = low = 0: empty
//
// `high`, `low`: the tag. `first`, `second`: what belongs to it. A tag of zeros is moved to 0,1.

/** A map from tags of 64 bits to two words, in one typed array: 16 bytes a slot, at most three quarters of them taken. */
export class TagTable {
  #slots = FIRST_SLOTS;
  #words = new Uint32Array(FIRST_SLOTS * WORDS);
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /** Bytes of this table, and of the one it would become if it had to grow now. */
  get bytes(): number {
    return this.#slots * TAG_SLOT_BYTES;
  }

  get isFull(): boolean {
    return 4 * (this.#count + 1) > 3 * this.#slots;
  }

  has(high: number, low: number): boolean {
    const at = this.#find(high, low);
    return this.#isTaken(at);
  }

  /** Position of the tag's slot, which is taken if need be; `first` and `second` of a new slot are 0. */
  claim(high: number, low: number): number {
    if (this.isFull) this.#grow();
    const at = this.#find(high, low);
    if (!this.#isTaken(at)) {
      this.#words[at] = high;
      this.#words[at + 1] = high === 0 && low === 0 ? 1 : low;
      this.#count++;
    }
    return at;
  }

  first(at: number): number {
    return this.#words[at + 2] as number;
  }
  second(at: number): number {
    return this.#words[at + 3] as number;
  }
  store(at: number, first: number, second: number): void {
    this.#words[at + 2] = first;
    this.#words[at + 3] = second;
  }

  forEach(
    visit: (slot: { high: number; low: number; first: number; second: number }) => void,
  ): void {
    const slot = { high: 0, low: 0, first: 0, second: 0 };
    for (let at = 0; at < this.#words.length; at += WORDS) {
      if (!this.#isTaken(at)) continue;
      slot.high = this.#words[at] as number;
      slot.low = this.#words[at + 1] as number;
      slot.first = this.first(at);
      slot.second = this.second(at);
      visit(slot);
    }
  }

  #isTaken(at: number): boolean {
    return this.#words[at] !== 0 || this.#words[at + 1] !== 0;
  }

  /** The tag's slot, or the free one where it would stand. */
  #find(high: number, low: number): number {
    const words = this.#words;
    const wanted = high === 0 && low === 0 ? 1 : low;
    const mask = this.#slots - 1;
    for (let slot = (high ^ low) & mask; ; slot = (slot + 1) & mask) {
      const at = slot * WORDS;
      if (words[at] === high && words[at + 1] === wanted) return at;
      if (words[at] === 0 && words[at + 1] === 0) return at;
    }
  }

  #grow(): void {
    const old = this.#words;
    this.#slots *= 2;
    this.#words = new Uint32Array(this.#slots * WORDS);
    const before = this.#count;
    this.#count = 0;
    for (let at = 0; at < old.length; at += WORDS) {
      const high = old[at] as number;
      const low = old[at + 1] as number;
      if (high === 0 && low === 0) continue;
      this.store(this.claim(high, low), old[at + 2] as number, old[at + 3] as number);
    }
    invariant(this.#count === before, "a growing table keeps its tags");
  }
}
