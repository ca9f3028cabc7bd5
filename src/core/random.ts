// The one source of chance: everything drawn at random follows from a seed that the run's files name. The sequence of a
// seed never changes between versions; test/core/random.test.ts holds its first values. Not for secrets.

/** A stream of pseudo-random numbers. Every call advances it by the same amount, so streams stay aligned. */
export interface Random {
  /** Uniform in [0, 1), 53 bits. */
  next(): number;
  /** Uniform integer in [0, n), for 1 <= n <= 2^53; the bias is below n / 2^53. */
  integer(n: number): number;
}

/**
 * xoshiro128** (Blackman and Vigna), its state filled by splitmix32 from a hash of the seed's text: the number 7 and the
 * text "7" give the same stream. Streams for several purposes come from seeds like `${seed}/registry`.
 */
export function random(seed: number | string): Random {
  return new Xoshiro128(seed);
}

/** Fisher-Yates, in place. */
export function shuffle<Item>(items: Item[], chance: Random): void {
  for (let last = items.length - 1; last > 0; last--) {
    const other = chance.integer(last + 1);
    const kept = items[last] as Item;
    items[last] = items[other] as Item;
    items[other] = kept;
  }
}

const TWO_POW_26 = 2 ** 26;
const TWO_POW_53 = 2 ** 53;

// Typed array rather than fields: 32-bit values never become heap numbers.
class Xoshiro128 implements Random {
  readonly #state = new Int32Array(4);

  constructor(seed: number | string) {
    fillState(this.#state, String(seed));
  }

  next(): number {
    const high = this.#step() >>> 5;
    const low = this.#step() >>> 6;
    return (high * TWO_POW_26 + low) / TWO_POW_53;
  }

  integer(n: number): number {
    return Math.floor(this.next() * n);
  }

  #step(): number {
    const state = this.#state;
    const s0 = state[0] as number;
    const s1 = state[1] as number;
    const s2 = state[2] as number;
    const s3 = state[3] as number;
    const result = Math.imul(rotate(Math.imul(s1, 5), 7), 9);
    const mixed2 = s2 ^ s0;
    const mixed3 = s3 ^ s1;
    state[0] = s0 ^ mixed3;
    state[1] = s1 ^ mixed2;
    state[2] = mixed2 ^ (s1 << 9);
    state[3] = rotate(mixed3, 11);
    return result;
  }
}

const rotate = (value: number, by: number): number => (value << by) | (value >>> (32 - by));

const FNV_OFFSETS = [0x811c9dc5, 0x01000193, 0x9e3779b9, 0x85ebca6b] as const;
const FNV_PRIME = 0x01000193;

// Each word has its own FNV-1a hash of the text: seeds collide only if all four words do. An all-zero state, from which
// the generator would never leave, is excluded by the last line.
function fillState(state: Int32Array, text: string): void {
  FNV_OFFSETS.forEach((offset, word) => {
    let hash = offset | 0;
    for (let at = 0; at < text.length; at++) {
      hash = Math.imul(hash ^ text.charCodeAt(at), FNV_PRIME);
    }
    state[word] = splitmix32(hash + text.length + word);
  });
  if (state.every((value) => value === 0)) state[0] = 1;
}

function splitmix32(value: number): number {
  let mixed = (value + 0x9e3779b9) | 0;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}
