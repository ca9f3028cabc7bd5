// Counts values in log-linear buckets. `add` runs several times per record: a few nanoseconds, and no allocation but, rarely,
// longer counters. Guarded by perf/trace-info.bench.ts.
//
//   bits = 7    values            width    counters
//               0 .. 127          1        0 .. 127
//               128 .. 255        1        128 .. 255
//               256 .. 511        2        256 .. 383
//               2^e .. 2^(e+1)    2^(e-7)  128 * (e - 7) + 128 ..
//
// A quantile is the middle of its bucket: with 7 bits nothing is known worse than to 0.4 %, with 10 bits to 0.05 %.

const TWO_32 = 2 ** 32;
const COUNTERS_AT_FIRST = 256;

export const COARSE_BITS = 7;
export const FINE_BITS = 10;

/** Quantiles of values from 0 to 2^53; fractions are cut off. Total, sum, least and greatest are exact. */
export class Sketch {
  readonly #bits: number;
  #counts = new Float64Array(COUNTERS_AT_FIRST);
  total = 0;
  sum = 0;
  least = Number.POSITIVE_INFINITY;
  greatest = 0;

  constructor(bits: number = COARSE_BITS) {
    this.#bits = bits;
  }

  add(value: number): void {
    const index = this.#indexOf(value);
    if (index >= this.#counts.length) this.#grow(index);
    this.#counts[index] = (this.#counts[index] as number) + 1;
    this.total++;
    this.sum += value;
    if (value < this.least) this.least = value;
    if (value > this.greatest) this.greatest = value;
  }

  /** The value that the share `p` of the values does not exceed; NaN without values. */
  quantile(p: number): number {
    if (this.total === 0) return Number.NaN;
    if (p <= 0) return this.least;
    if (p >= 1) return this.greatest;
    const wanted = Math.max(1, Math.ceil(p * this.total));
    let seen = 0;
    for (let index = 0; index < this.#counts.length; index++) {
      seen += this.#counts[index] as number;
      if (seen >= wanted) return this.#within(index);
    }
    return this.greatest;
  }

  get mean(): number {
    return this.sum / this.total;
  }

  /** Points of the distribution: ascending [value, share of the values up to it], one for each bucket that holds any. */
  steps(): [value: number, share: number][] {
    const points: [number, number][] = [];
    let seen = 0;
    for (let index = 0; index < this.#counts.length; index++) {
      const count = this.#counts[index] as number;
      if (count === 0) continue;
      seen += count;
      points.push([this.#within(index), seen / this.total]);
    }
    return points;
  }

  #within(index: number): number {
    const middle = Math.round((this.#lowest(index) + this.#lowest(index + 1) - 1) / 2);
    return Math.min(this.greatest, Math.max(this.least, middle));
  }

  #indexOf(value: number): number {
    const high = value >= TWO_32;
    const shift = high
      ? 63 - this.#bits - Math.clz32((value / TWO_32) >>> 0)
      : 31 - this.#bits - Math.clz32(value >>> 0);
    if (shift <= 0) return Math.floor(value);
    return (shift << this.#bits) + Math.floor(value / 2 ** shift);
  }

  #lowest(index: number): number {
    if (index < 2 << this.#bits) return index;
    const shift = (index >>> this.#bits) - 1;
    return (index - (shift << this.#bits)) * 2 ** shift;
  }

  #grow(index: number): void {
    let length = this.#counts.length;
    while (length <= index) length *= 2;
    const longer = new Float64Array(length);
    longer.set(this.#counts);
    this.#counts = longer;
  }
}
