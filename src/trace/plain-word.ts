// Looks at four bytes of text at once; asked some hundred times per record read. Guarded by perf/trace-read.bench.ts.

export const WORD_BYTES = 4;

/**
 * The bytes of a word that cannot stand in a JSON string as they are: quotes, backslashes and control characters. The
 * lowest bit of the answer is bit 7 of the first of them; 0 if there is none.
 *
 * For each of them the top bit of `x - 1 & ~x` is set if x is 0, and a quote or a backslash is what becomes 0 by exclusive
 * or. A borrow can only make a byte behind one look like another.
 */
function specialBytes(word: number): number {
  const quote = word ^ 0x22222222;
  const backslash = word ^ 0x5c5c5c5c;
  const found =
    ((quote - 0x01010101) & ~quote) |
    ((backslash - 0x01010101) & ~backslash) |
    ((word - 0x20202020) & ~word);
  return found & 0x80808080;
}

export const isPlainWord = (word: number): boolean => specialBytes(word) === 0;

/** The first byte from `at` on that is special. There must be one, with three more bytes behind it. */
export function plainEnd(data: DataView, at: number): number {
  let p = at;
  let special = specialBytes(data.getInt32(p, true));
  while (special === 0) {
    p += WORD_BYTES;
    special = specialBytes(data.getInt32(p, true));
  }
  return p + ((31 - Math.clz32(special & -special)) >> 3);
}
