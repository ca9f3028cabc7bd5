import { invariant } from "../core/errors.ts";

/** Values of the format are whole numbers below 2^53, in at most 8 bytes of 7 bits each. */
export const VARINT_BYTES_MAX = 8;
const FIRST_BYTES = 256;
const LOW_32 = 2 ** 32;

/** Bytes that grow at their end; little-endian, as everything in an archive. Reused by whoever owns it: see `clear`. */
export class ByteWriter {
  #bytes: Buffer;
  #length = 0;

  constructor(firstBytes = FIRST_BYTES) {
    this.#bytes = Buffer.allocUnsafeSlow(firstBytes);
  }

  get length(): number {
    return this.#length;
  }

  /** What was written so far: a view, good until the next write. */
  get view(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  clear(): void {
    this.#length = 0;
  }

  /** Drops everything behind `length`. */
  cut(length: number): void {
    this.#length = length;
  }

  /** Gives memory back after something unusually large went through. */
  shrink(bytesMax: number): void {
    if (this.#bytes.length > bytesMax && this.#length === 0)
      this.#bytes = Buffer.allocUnsafeSlow(bytesMax);
  }

  u8(value: number): void {
    this.reserve(1);
    this.#bytes[this.#length++] = value;
  }

  u16(value: number): void {
    this.reserve(2);
    this.#length = this.#bytes.writeUInt16LE(value, this.#length);
  }

  u32(value: number): void {
    this.reserve(4);
    this.#length = this.#bytes.writeUInt32LE(value, this.#length);
  }

  u64(value: number): void {
    this.u32(value % LOW_32);
    this.u32(Math.floor(value / LOW_32));
  }

  varint(value: number): void {
    invariant(Number.isSafeInteger(value) && value >= 0, `${value} fits no varint`);
    this.reserve(VARINT_BYTES_MAX);
    let rest = value;
    while (rest > 127) {
      // Shifts would cut the number to 32 bits.
      this.#bytes[this.#length++] = (rest % 128) + 128;
      rest = Math.floor(rest / 128);
    }
    this.#bytes[this.#length++] = rest;
  }

  bytes(source: Uint8Array): void {
    this.reserve(source.length);
    this.#bytes.set(source, this.#length);
    this.#length += source.length;
  }

  zeros(count: number): void {
    this.reserve(count);
    this.#bytes.fill(0, this.#length, this.#length + count);
    this.#length += count;
  }

  /** Makes room: to write so many bytes cannot fail half-way then. */
  reserve(more: number): void {
    const needed = this.#length + more;
    if (needed <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, this.#bytes.length * 2));
    this.#bytes.copy(larger, 0, 0, this.#length);
    this.#bytes = larger;
  }
}
