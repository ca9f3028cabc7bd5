// Bins of body sizes, for the question how latency grows with size. `sizeBinOf` runs once per request: no allocation, one
// branch. Guarded by the bench perf/tally-record.
//
//   bin 0: no body | 1: 1 .. 3 bytes | 2: 4 .. 15 | k: 4^(k-1) .. 4^k - 1 | 20: from 256 GiB on

const TWO_32 = 2 ** 32;

export const SIZE_BINS = 21;

/** Bin of a whole number of bytes. */
export function sizeBinOf(bytes: number): number {
  if (bytes < TWO_32) return (33 - Math.clz32(bytes)) >> 1;
  return Math.min(SIZE_BINS - 1, 16 + ((33 - Math.clz32(bytes / TWO_32)) >> 1));
}

/** Smallest size of a bin, bytes. */
export const smallestOf = (bin: number): number => (bin === 0 ? 0 : 4 ** (bin - 1));
