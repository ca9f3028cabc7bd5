// Whether bytes are one MessagePack value, found without making the value. Runs per entry of a log, some hundred thousand times a
// second, in the reader thread; allocates nothing. Guarded by perf/message-replay.bench.ts.
//
// Says yes only where unpacking is sure to succeed. What is rare (extensions, keys that are no short text, deep nesting) it leaves
// to the decoder, which also knows the sentence for what is wrong.
const NESTING_MAX = 32;
/** The decoder refuses one key, which begins so. */
const UNDERSCORE = 0x5f;

/** Bytes behind the head byte of values of a fixed size, from 0xc0 on; -1: another kind. */
//            nil --- no yes bin.8 16  32 ext.8 16  32 f32 f64 u8 u16 u32 u64 i8 i16 i32 i64
const FIXED = [0, -1, 0, 0, -1, -1, -1, -1, -1, -1, 4, 8, 1, 2, 4, 8, 1, 2, 4, 8] as const;
const FIXED_FROM = 0xc0;

class Scan {
  #bytes: Uint8Array = new Uint8Array(0);
  /** Behind what was looked at. Lies behind the end where a value is cut off. */
  #at = 0;
  #depth = 0;

  isOneValue(bytes: Uint8Array): boolean {
    this.#bytes = bytes;
    this.#at = 0;
    this.#depth = 0;
    return this.#value() && this.#at === bytes.length;
  }

  #value(): boolean {
    if (this.#at >= this.#bytes.length) return false;
    const head = this.#bytes[this.#at] as number;
    this.#at++;
    if (head < 0x80 || head >= 0xe0) return true;
    if (head < 0x90) return this.#map(head & 0x0f);
    if (head < 0xa0) return this.#array(head & 0x0f);
    if (head < 0xc0) return this.#pass(head & 0x1f);
    const fixed = FIXED[head - FIXED_FROM] ?? -1;
    return fixed >= 0 ? this.#pass(fixed) : this.#sized(head);
  }

  /** A value whose size stands behind its head byte. */
  #sized(head: number): boolean {
    switch (head) {
      case 0xc4:
      case 0xd9:
        return this.#pass(this.#size(1));
      case 0xc5:
      case 0xda:
        return this.#pass(this.#size(2));
      case 0xc6:
      case 0xdb:
        return this.#pass(this.#size(4));
      case 0xdc:
        return this.#array(this.#size(2));
      case 0xdd:
        return this.#array(this.#size(4));
      case 0xde:
        return this.#map(this.#size(2));
      case 0xdf:
        return this.#map(this.#size(4));
      default:
        return false;
    }
  }

  #pass(length: number): boolean {
    this.#at += length;
    return true;
  }

  /** A big-endian number. What lies behind the end counts as 0, and is found to be missing by where it leads. */
  #size(width: number): number {
    let size = 0;
    for (const end = this.#at + width; this.#at < end; this.#at++)
      size = size * 256 + (this.#bytes[this.#at] ?? 0);
    return size;
  }

  #array(size: number): boolean {
    if (++this.#depth > NESTING_MAX) return false;
    for (let entry = 0; entry < size; entry++) if (!this.#value()) return false;
    this.#depth--;
    return true;
  }

  #map(size: number): boolean {
    if (++this.#depth > NESTING_MAX) return false;
    for (let entry = 0; entry < size; entry++) if (!this.#key() || !this.#value()) return false;
    this.#depth--;
    return true;
  }

  #key(): boolean {
    const head = this.#bytes[this.#at] ?? 0;
    const isShortText = head >= 0xa0 && head < 0xc0;
    if (!isShortText || this.#bytes[this.#at + 1] === UNDERSCORE) return false;
    return this.#pass(1 + (head & 0x1f));
  }
}

const scan = new Scan();

/** False: it may be sound all the same, and only unpacking tells. */
export const isSurelySound = (bytes: Uint8Array): boolean => scan.isOneValue(bytes);

/** Whether a sound value is a map: an object with named fields. */
export function isMap(bytes: Uint8Array): boolean {
  const head = bytes[0] as number;
  return head >> 4 === 0x8 || head === 0xde || head === 0xdf;
}
