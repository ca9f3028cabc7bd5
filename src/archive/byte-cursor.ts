import { ArchiveDamage } from "./archive-errors.ts";
import { VARINT_BYTES_MAX } from "./byte-writer.ts";

const LOW_32 = 2 ** 32;

/** Reads bytes from left to right. ArchiveDamage where they end too early or hold a number that no writer writes. */
export class ByteCursor {
  readonly bytes: Buffer;
  at: number;

  constructor(bytes: Buffer, at = 0) {
    this.bytes = bytes;
    this.at = at;
  }

  get isDone(): boolean {
    return this.at >= this.bytes.length;
  }

  u8(): number {
    return this.bytes[this.#pass(1)] as number;
  }

  u32(): number {
    return this.bytes.readUInt32LE(this.#pass(4));
  }

  u64(): number {
    const low = this.u32();
    const value = this.u32() * LOW_32 + low;
    if (!Number.isSafeInteger(value))
      throw new ArchiveDamage(`${value} is no number of an archive`);
    return value;
  }

  varint(): number {
    const { bytes } = this;
    // One byte is by far the most frequent.
    const first = bytes[this.at];
    if (first !== undefined && first < 128) {
      this.at++;
      return first;
    }
    return this.#longVarint();
  }

  #longVarint(): number {
    let value = 0;
    let weight = 1;
    for (let count = 0; count < VARINT_BYTES_MAX; count++) {
      const byte = this.u8();
      value += (byte & 127) * weight;
      if (byte < 128) {
        if (value > Number.MAX_SAFE_INTEGER) break;
        return value;
      }
      weight *= 128;
    }
    throw new ArchiveDamage("a number of more than 53 bits");
  }

  /** A view of the next bytes. */
  take(count: number): Buffer {
    const from = this.#pass(count);
    return this.bytes.subarray(from, from + count);
  }

  #pass(count: number): number {
    const from = this.at;
    if (from + count > this.bytes.length) throw new ArchiveDamage("ends too early");
    this.at = from + count;
    return from;
  }
}
