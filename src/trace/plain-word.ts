// Looks at four bytes of text at once; asked some hundred times per record read. Guarded by perf/trace-read.bench.ts.

export const WORD_BYTES = 4;

/**
 * Whether none of the four bytes of a word is a quote, a backslash or a control character, so that they stand in a JSON
 * string as they are. For each of them the top bit of `x - 1 & ~x` is set if x is 0, and a quote or a backslash is what
 * becomes 0 by exclusive or; a borrow can only make a byte behind one look like another.
 */
export function isPlainWord(word: number): boolean {
  const quote = word ^ 0x22222222;
  const backslash = word ^ 0x5c5c5c5c;
  const found =
    ((quote - 0x01010101) & ~quote) |
    ((backslash - 0x01010101) & ~backslash) |
    ((word - 0x20202020) & ~word);
  return (found & 0x80808080) === 0;
}
