// Numbers byte strings in order of first appearance: URI -> 0, 1, 2, … Runs once per trace record; budget 100 ns for 40 bytes;
// a look-up allocates nothing, a new key only what the tables grow by. Guarded by perf/uri-map.bench.ts.
//
//   slots    Uint32 x 2^k         number + 1 of the key that hashes here, 0 = free; at most 3/4 taken, linear probing
//   entries  Uint32 x 3 capacity  by number, side by side so that a look takes one cache line:
//              hash                 compared before the bytes, and reused when the slots grow
//              place                segment << 20 | offset of the key's bytes
//              length
//   keys     segments of 1 MiB    bytes of the keys one behind the other; a key never spans two segments
//
// A key of 40 bytes takes 40 + 3 x 4 + 5..11 bytes, and up to twice the 12 after the tables have just doubled.
import { DrayageError } from "../core/errors.ts";
import { WORD_BYTES } from "./plain-word.ts";
import { type RecordBlock, recordBlock } from "./record-view.ts";

const SEGMENT_BITS = 20;
/** Longest key. The reader of traces takes no longer record, so no longer URI comes from there. */
export const KEY_BYTES_MAX: number = 1 << SEGMENT_BITS;
/** `places` has 12 bits for the segment: 4 GiB of keys, some 100 million URIs. */
const SEGMENTS_MAX = 1 << (32 - SEGMENT_BITS);
const OFFSET_MASK = KEY_BYTES_MAX - 1;
const CAPACITY_AT_FIRST = 1024;

const ENTRY_WORDS = 3;
const HASH = 0;
const PLACE = 1;
const LENGTH = 2;

/** Keys to look up together: the bytes `from[i]` to `to[i]` of the block. */
export type KeyBatch = {
  readonly block: RecordBlock;
  readonly from: Int32Array;
  readonly to: Int32Array;
  readonly count: number;
};

export class ByteMap {
  #slots = new Uint32Array(2 * CAPACITY_AT_FIRST);
  #entries = new Uint32Array(ENTRY_WORDS * CAPACITY_AT_FIRST);
  readonly #segments: RecordBlock[] = [];
  #filled = KEY_BYTES_MAX;
  #size = 0;
  #asked = new Int32Array(0);
  protected readAheadSum = 0;

  get size(): number {
    return this.#size;
  }

  /** Number of the key `buffer[from..to)`, or -1. */
  find(buffer: Buffer, from: number, to: number): number {
    const hash = hashOf(buffer, from, to);
    return (this.#slots[this.#slotOf(hash, buffer, from, to)] as number) - 1;
  }

  /**
   * `find` for many keys: one table after the other for all of them, so that the waits for memory overlap. Where the tables
   * exceed the processor's caches that is most of what a look-up costs (perf/uri-map.bench.ts).
   */
  findAll(keys: KeyBatch, numbers: Int32Array): void {
    const { block, from, to, count } = keys;
    const slots = this.#slots;
    const mask = slots.length - 1;
    if (count > this.#asked.length) this.#asked = new Int32Array(count);
    const hashes = this.#asked;
    for (let i = 0; i < count; i++)
      hashes[i] = wordHashOf(block.data, from[i] as number, to[i] as number);
    for (let i = 0; i < count; i++)
      numbers[i] = (slots[(hashes[i] as number) & mask] as number) - 1;
    this.#readAhead(numbers, count);
    for (let i = 0; i < count; i++) {
      numbers[i] = this.#numberOf(
        hashes[i] as number,
        block.data,
        from[i] as number,
        to[i] as number,
      );
    }
  }

  #numberOf(hash: number, data: DataView, from: number, to: number): number {
    const slots = this.#slots;
    const mask = slots.length - 1;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const number = (slots[slot] as number) - 1;
      if (number < 0) return number;
      const hashed = (this.#entry(number, HASH) | 0) === hash;
      if (hashed && this.#isWordKey(number, data, from, to)) return number;
    }
  }

  /** Whether the key of this number is `data[from..to)`; by words. */
  #isWordKey(number: number, data: DataView, from: number, to: number): boolean {
    if (this.#entry(number, LENGTH) !== to - from) return false;
    const place = this.#entry(number, PLACE);
    const key = (this.#segments[place >>> SEGMENT_BITS] as RecordBlock).data;
    const shift = (place & OFFSET_MASK) - from;
    let at = from;
    for (const last = to - WORD_BYTES; at <= last; at += WORD_BYTES) {
      if (key.getInt32(shift + at, true) !== data.getInt32(at, true)) return false;
    }
    for (; at < to; at++) {
      if (key.getUint8(shift + at) !== data.getUint8(at)) return false;
    }
    return true;
  }

  /** Brings the entries and keys of these numbers into the caches; -1 = none. */
  #readAhead(numbers: Int32Array, count: number): void {
    // A sum that nobody needs, but for the compiler to leave the reading in.
    let sum = 0;
    for (let i = 0; i < count; i++) {
      const number = numbers[i] as number;
      if (number >= 0) sum += this.#entry(number, PLACE);
    }
    for (let i = 0; i < count; i++) {
      const number = numbers[i] as number;
      if (number >= 0) sum += this.#lastByte(number);
    }
    this.readAheadSum = sum;
  }

  #lastByte(number: number): number {
    const place = this.#entry(number, PLACE);
    const last = (place & OFFSET_MASK) + this.#entry(number, LENGTH) - 1;
    return (this.#segments[place >>> SEGMENT_BITS] as RecordBlock).buffer[last] ?? 0;
  }

  /** Number of the key `buffer[from..to)`; a new key is copied and gets the number `size`. */
  add(buffer: Buffer, from: number, to: number): number {
    const hash = hashOf(buffer, from, to);
    const slot = this.#slotOf(hash, buffer, from, to);
    const known = this.#slots[slot] as number;
    if (known !== 0) return known - 1;
    return this.#insert(hash, slot, buffer.subarray(from, to));
  }

  /** Bytes of the key with this number: a view that stays valid. */
  keyOf(number: number): Buffer {
    const place = this.#entry(number, PLACE);
    const offset = place & OFFSET_MASK;
    const { buffer: segment } = this.#segments[place >>> SEGMENT_BITS] as RecordBlock;
    return segment.subarray(offset, offset + this.#entry(number, LENGTH));
  }

  #entry(number: number, word: number): number {
    return this.#entries[ENTRY_WORDS * number + word] as number;
  }

  /** The slot of the key, or the free slot where it belongs. */
  #slotOf(hash: number, buffer: Buffer, from: number, to: number): number {
    const slots = this.#slots;
    const mask = slots.length - 1;
    let slot = hash & mask;
    for (;;) {
      const number = (slots[slot] as number) - 1;
      if (number < 0) return slot;
      if ((this.#entry(number, HASH) | 0) === hash && this.#isKey(number, buffer, from, to))
        return slot;
      slot = (slot + 1) & mask;
    }
  }

  #isKey(number: number, buffer: Buffer, from: number, to: number): boolean {
    const length = this.#entry(number, LENGTH);
    if (length !== to - from) return false;
    const place = this.#entry(number, PLACE);
    const { buffer: segment } = this.#segments[place >>> SEGMENT_BITS] as RecordBlock;
    const offset = place & OFFSET_MASK;
    // From the end: URIs of one repository differ in their last bytes.
    for (let at = length - 1; at >= 0; at--) {
      if (segment[offset + at] !== buffer[from + at]) return false;
    }
    return true;
  }

  #insert(hash: number, slot: number, key: Buffer): number {
    const place = this.#store(key);
    const number = this.#size++;
    const at = ENTRY_WORDS * number;
    if (at === this.#entries.length) this.#growEntries();
    this.#entries[at + HASH] = hash;
    this.#entries[at + PLACE] = place;
    this.#entries[at + LENGTH] = key.length;
    this.#slots[slot] = number + 1;
    if (this.#size * 4 > this.#slots.length * 3) this.#growSlots();
    return number;
  }

  #store(key: Buffer): number {
    if (key.length > KEY_BYTES_MAX)
      throw new DrayageError("trace-corrupt", `a URI has ${key.length} bytes, more than 1 MiB`);
    // A full segment takes no empty key either: its offset would not fit into 20 bits.
    if (this.#filled + key.length > KEY_BYTES_MAX || this.#filled === KEY_BYTES_MAX)
      this.#addSegment();
    const segment = this.#segments.length - 1;
    const place = ((segment << SEGMENT_BITS) | this.#filled) >>> 0;
    key.copy((this.#segments[segment] as RecordBlock).buffer, this.#filled);
    this.#filled += key.length;
    return place;
  }

  #addSegment(): void {
    if (this.#segments.length === SEGMENTS_MAX)
      throw new DrayageError("storage", "the distinct URIs have more than 4 GiB of text");
    // Not from the shared pool, and not zeroed: pages are taken when keys arrive.
    this.#segments.push(recordBlock(Buffer.allocUnsafeSlow(KEY_BYTES_MAX)));
    this.#filled = 0;
  }

  #growEntries(): void {
    const larger = new Uint32Array(this.#entries.length * 2);
    larger.set(this.#entries);
    this.#entries = larger;
  }

  #growSlots(): void {
    const slots = new Uint32Array(this.#slots.length * 2);
    const mask = slots.length - 1;
    for (let number = 0; number < this.#size; number++) {
      let slot = this.#entry(number, HASH) & mask;
      while (slots[slot] !== 0) slot = (slot + 1) & mask;
      slots[slot] = number + 1;
    }
    this.#slots = slots;
  }
}

/** Four bytes at a time, the rest one by one; 32 bits with a sign, which need no object. */
function hashOf(buffer: Buffer, from: number, to: number): number {
  let hash = to - from;
  let at = from;
  for (const last = to - WORD_BYTES; at <= last; at += WORD_BYTES) {
    const word =
      (buffer[at] as number) |
      ((buffer[at + 1] as number) << 8) |
      ((buffer[at + 2] as number) << 16) |
      ((buffer[at + 3] as number) << 24);
    hash = mix(hash, word);
  }
  for (; at < to; at++) hash = mix(hash, buffer[at] as number);
  return finished(hash);
}

/** The same of bytes that can be read as words. */
function wordHashOf(data: DataView, from: number, to: number): number {
  let hash = to - from;
  let at = from;
  for (const last = to - WORD_BYTES; at <= last; at += WORD_BYTES)
    hash = mix(hash, data.getInt32(at, true));
  for (; at < to; at++) hash = mix(hash, data.getUint8(at));
  return finished(hash);
}

/** One multiplication a word: the words of a key wait for each other. */
function mix(hash: number, word: number): number {
  const product = Math.imul(hash ^ word, 0x9e3779b1);
  return product ^ (product >>> 15);
}

/** The end of MurmurHash3, which spreads every bit over all. */
function finished(hash: number): number {
  const once = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  const twice = Math.imul(once ^ (once >>> 13), 0xc2b2ae35);
  return twice ^ (twice >>> 16);
}
