// Byte map of a ring in shared memory. Both threads read offsets from here and nowhere else.
//
//   0         64        128                192                256
//   | tail    | head    | consumer sleeps  | producer sleeps  | records … capacity bytes |
//   |         |         |                  | closed           |
//
// `tail` and `head` count bytes for ever and wrap at 2^32; a position in the data is `count & (capacity - 1)`. `tail` is
// written by the producer only, `head` by the consumer only. Each word has a cache line to itself, so a write by one
// thread does not evict the line that the other one is reading.
//
// A record starts at a multiple of 8 and begins with its own length in bytes (i32, a multiple of 8). A record never wraps:
// where the rest of the ring is too short, a length of WRAP sends the consumer back to position 0.
const CACHE_LINE_BYTES = 64;
const WORDS_PER_LINE = CACHE_LINE_BYTES / Int32Array.BYTES_PER_ELEMENT;

export const TAIL_WORD = 0;
export const HEAD_WORD: number = WORDS_PER_LINE;
export const CONSUMER_SLEEPS_WORD: number = 2 * WORDS_PER_LINE;
export const PRODUCER_SLEEPS_WORD: number = 3 * WORDS_PER_LINE;
export const CLOSED_WORD: number = 3 * WORDS_PER_LINE + 1;
export const DATA_OFFSET: number = 4 * CACHE_LINE_BYTES;

/** Stands where a length would: the next record is at position 0. */
export const WRAP = -1;
export const RECORD_ALIGN = 8;

/** Bytes a record of `length` takes in a ring. */
export const alignRecord = (length: number): number => (length + RECORD_ALIGN - 1) & -RECORD_ALIGN;
