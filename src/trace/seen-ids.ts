const SEGMENTS = 64;
const FIRST_SLOTS = 1024;

/**
 * The set of record ids seen so far, as 64-bit hashes: 11 to 23 bytes per id whatever its length, so that the
 * 20 million ids of a large trace fit beside everything else. Two different ids are taken for one with a probability of
 * about 1e-5 for 20 million of them. Split into segments by hash: only one of them is ever copied to grow.
 */
export class SeenIds {
  readonly #segments = Array.from({ length: SEGMENTS }, () => new Segment());

  /** Adds the id `buffer[from..to)`; false if it was there already. */
  add(buffer: Uint8Array, from: number, to: number): boolean {
    let low = 0x811c9dc5;
    let high = 0x9e3779b9;
    for (let p = from; p < to; p++) {
      const byte = buffer[p] as number;
      low = Math.imul(low ^ byte, 0x01000193);
      high = Math.imul(high + byte, 0x85ebca6b);
      high ^= high >>> 13;
    }
    low = mixed(low ^ (to - from));
    high = mixed(high);
    const segment = this.#segments[high >>> 26] as Segment;
    return segment.add(low, high);
  }
}

function mixed(value: number): number {
  const once = Math.imul(value ^ (value >>> 16), 0x7feb352d);
  const twice = Math.imul(once ^ (once >>> 15), 0x846ca68b);
  return twice ^ (twice >>> 16);
}

class Segment {
  /** Pairs of low and high; both 0 = free. */
  #slots = new Int32Array(2 * FIRST_SLOTS);
  #count = 0;

  add(low: number, high: number): boolean {
    // A hash of two zeros would look like a free slot.
    const safe = low === 0 && high === 0 ? 1 : low;
    const slot = slotOf(this.#slots, safe, high);
    if (this.#slots[slot] === safe && this.#slots[slot + 1] === high) return false;
    this.#slots[slot] = safe;
    this.#slots[slot + 1] = high;
    this.#count++;
    if (this.#count * 3 > this.#slots.length) this.#grow();
    return true;
  }

  #grow(): void {
    const old = this.#slots;
    this.#slots = new Int32Array(old.length * 2);
    for (let i = 0; i < old.length; i += 2) {
      const low = old[i] as number;
      const high = old[i + 1] as number;
      if (low === 0 && high === 0) continue;
      const slot = slotOf(this.#slots, low, high);
      this.#slots[slot] = low;
      this.#slots[slot + 1] = high;
    }
  }
}

/** Where the pair stands or belongs. */
function slotOf(slots: Int32Array, low: number, high: number): number {
  const mask = slots.length - 1;
  let slot = (low << 1) & mask;
  while (slots[slot] !== 0 || slots[slot + 1] !== 0) {
    if (slots[slot] === low && slots[slot + 1] === high) return slot;
    slot = (slot + 2) & mask;
  }
  return slot;
}
