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

/** Sorts runs of records by arrival. Its tables grow with the largest run, to 16 bytes a record of a day, and are used again. */
export class ArrivalSort {
  /** Distance from the earliest arrival, in words of 22 bits from the lowest. */
  readonly #words: Int32Array[] = [];
  #places = new Uint32Array(0);
  #sorted = new Uint32Array(0);
  readonly #counts = new Int32Array(DIGIT_VALUES);

  /**
   * The places 0 to `arrivals.length` - 1 in order of arrival, whole numbers; borrowed until the next call. `spanUs` is the
   * distance between the earliest and the latest.
   */
  places(arrivals: Float64Array, earliestUs: number, spanUs: number): Uint32Array {
    const count = arrivals.length;
    if (count > this.#places.length) {
      this.#places = new Uint32Array(count);
      this.#sorted = new Uint32Array(count);
    }
    for (let place = 0; place < count; place++) this.#places[place] = place;
    let unit = 1;
    for (let number = 0; unit <= spanUs; number++) {
      this.#takeWord(arrivals, earliestUs, { number, unit });
      this.#pass(number, 0, count);
      if (unit * DIGIT_VALUES <= spanUs) this.#pass(number, DIGIT_BITS, count);
      unit *= WORD_SPAN;
    }
    return this.#places.subarray(0, count);
  }

  /** Makes one word of all distances: what is left of them after a division by `unit`. */
  #takeWord(
    arrivals: Float64Array,
    earliestUs: number,
    { number, unit }: { readonly number: number; readonly unit: number },
  ): void {
    const known = this.#words[number];
    const word =
      known === undefined || known.length < arrivals.length
        ? new Int32Array(arrivals.length)
        : known;
    this.#words[number] = word;
    for (let place = 0; place < arrivals.length; place++) {
      const units = Math.floor(((arrivals[place] as number) - earliestUs) / unit);
      word[place] = units - Math.floor(units / WORD_SPAN) * WORD_SPAN;
    }
  }

  /** One pass of the sort, by the digit that begins at this bit of a word. */
  #pass(number: number, shift: number, count: number): void {
    const word = this.#words[number] as Int32Array;
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
