import { hash } from "node:crypto";

const PURPOSE = "drayage/image/v1";
const TWO_POW_53 = 2 ** 53;

/** A number in [0, 1) that follows from seed and key alone: the first 53 bits of a SHA-256. Source: extract.md 5.3. */
export function uniform(seed: string, key: string): number {
  const digest = hash("sha256", Buffer.from(`${PURPOSE}\0${seed}\0${key}`, "utf8"), "buffer");
  return Number(digest.readBigUInt64BE(0) >> 11n) / TWO_POW_53;
}

/** Choice among the ranks of a list by Zipf's law: rank r weighs 1 / r^s. */
export class RankedChoice {
  readonly #cumulative: Float64Array;
  readonly #seed: string;

  constructor(count: number, { seed, zipf }: { seed: string; zipf: number }) {
    this.#seed = seed;
    this.#cumulative = new Float64Array(count);
    let sum = 0;
    for (let rank = 1; rank <= count; rank++) {
      sum += 1 / rank ** zipf;
      this.#cumulative[rank - 1] = sum;
    }
  }

  /** Rank of a key, from 0. */
  of(key: string): number {
    const cumulative = this.#cumulative;
    const wanted = uniform(this.#seed, key) * (cumulative.at(-1) ?? 0);
    let low = 0;
    let high = cumulative.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((cumulative[middle] as number) > wanted) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
