// Sorts every record that does not come in order: some 20 ns a record. Guarded by perf/trace-read.bench.ts.

// Arrivals of a run as digits of 11 bits, counted from the earliest. Sorted digit by digit from the lowest, each pass
// stable, so that equal arrivals stay in the order of reading. A day in microseconds has four digits.
//
//   43    33 32    22 21    11 10     0
//   |   3   |    2   |    1   |   0   |          high word, low word: two digits each
const DIGIT_BITS = 11;
const DIGIT_VALUES = 1 << DIGIT_BITS;
const DIGIT_MASK = DIGIT_VALUES - 1;
const WORD_BITS = 2 * DIGIT_BITS;
const WORD_SPAN = 2 ** WORD_BITS;

/** Sorts runs of records by arrival. Its tables grow with the largest run, to 16 bytes a record, and are used again. */
export class ArrivalSort {
  /** Distance from the earliest arrival, in words of 22 bits: the third takes what is beyond 139 years. */
  #words: readonly Int32Array[] = [];
  #places = new Uint32Array(0);
  #sorted = new Uint32Array(0);
  readonly #counts = new Int32Array(DIGIT_VALUES);

  /**
   * The places 0 to `arrivals.length` - 1 in order of arrival, whole numbers; borrowed until the next call. `spanUs` is the
   * distance between the earliest and the latest.
   */
  places(arrivals: Float64Array, earliestUs: number, spanUs: number): Uint32Array {
    const count = arrivals.length;
    if (count > this.#places.length) this.#grow(count);
    this.#split(arrivals, earliestUs);
    for (let place = 0; place < count; place++) this.#places[place] = place;
    let rest = spanUs;
    for (let digit = 0; rest > 0; digit++) {
      this.#pass(digit, count);
      rest = Math.floor(rest / DIGIT_VALUES);
    }
    return this.#places.subarray(0, count);
  }

  #grow(count: number): void {
    this.#words = [new Int32Array(count), new Int32Array(count), new Int32Array(count)];
    this.#places = new Uint32Array(count);
    this.#sorted = new Uint32Array(count);
  }

  #split(arrivals: Float64Array, earliestUs: number): void {
    const [low, middle, high] = this.#words as [Int32Array, Int32Array, Int32Array];
    for (let place = 0; place < arrivals.length; place++) {
      const distance = (arrivals[place] as number) - earliestUs;
      const upper = Math.floor(distance / WORD_SPAN);
      low[place] = distance - upper * WORD_SPAN;
      const top = Math.floor(upper / WORD_SPAN);
      middle[place] = upper - top * WORD_SPAN;
      high[place] = top;
    }
  }

  /** One pass of the sort, by the digit of this number. */
  #pass(digit: number, count: number): void {
    const word = this.#words[digit >> 1] as Int32Array;
    const shift = (digit & 1) * DIGIT_BITS;
    const counts = this.#counts.fill(0);
    const places = this.#places;
    const sorted = this.#sorted;
    for (let i = 0; i < count; i++) {
      const value = ((word[i] as number) >>> shift) & DIGIT_MASK;
      counts[value] = (counts[value] as number) + 1;
    }
    let before = 0;
    for (let value = 0; value < DIGIT_VALUES; value++) {
      const own = counts[value] as number;
      counts[value] = before;
      before += own;
    }
    for (let i = 0; i < count; i++) {
      const place = places[i] as number;
      const value = ((word[place] as number) >>> shift) & DIGIT_MASK;
      const to = counts[value] as number;
      counts[value] = to + 1;
      sorted[to] = place;
    }
    this.#places = sorted;
    this.#sorted = places;
  }
}
