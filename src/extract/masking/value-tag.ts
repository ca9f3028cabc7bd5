// A fast fingerprint of 64 bits under a key that is drawn for the run. It stands for a value where clear text must not: in
// the tables of distinct values and in their files. Not a cryptographic hash; the key never leaves the process.
import { randomBytes } from "node:crypto";

/** Two halves of 32 bits, overwritten by the next `of`. */
export class ValueTag {
  high = 0;
  low = 0;
  readonly #seeds: Int32Array;

  /** `seed`: 16 bytes; tags of equal seeds are equal. */
  constructor(seed: Buffer = randomBytes(16)) {
    this.#seeds = new Int32Array(4);
    for (let word = 0; word < 4; word++) this.#seeds[word] = seed.readInt32LE(4 * word);
  }

  /** Computes the tag of a text; `space` keeps tags of equal texts apart that are counted apart. */
  of(text: string, space: number): this {
    let high = (this.#seeds[0] as number) ^ space;
    let low = (this.#seeds[1] as number) ^ text.length;
    for (let at = 0; at < text.length; at++) {
      const unit = text.charCodeAt(at);
      high = Math.imul(high ^ unit, 0x85ebca6b);
      high = (high << 13) | (high >>> 19);
      low = Math.imul(low ^ unit ^ high, 0xc2b2ae35);
      low = (low << 15) | (low >>> 17);
    }
    this.high = mixed(high ^ (this.#seeds[2] as number));
    this.low = mixed(low ^ (this.#seeds[3] as number) ^ this.high);
    return this;
  }
}

function mixed(word: number): number {
  let value = word ^ (word >>> 16);
  value = Math.imul(value, 0x7feb352d);
  value ^= value >>> 15;
  value = Math.imul(value, 0x846ca68b);
  return (value ^ (value >>> 16)) >>> 0;
}
