import { createCipheriv } from "node:crypto";
import { invariant } from "../../core/errors.ts";
import { addressBytes, addressText } from "./ip-address.ts";

const KEY_BYTES = 32;
const BLOCK_BYTES = 16;

// Bit i of a pseudonym is bit i of the address, flipped or not by the first bit of an encryption of
//
//   bits 0 .. i-1 of the address | bits i .. 127 of the pad
//
// so two addresses that share n bits share exactly n bits afterwards: bit n differs and is flipped alike.

/** Pseudonyms of addresses that keep common prefixes. Source: Xu, Fan, Ammar, Moon, "Prefix-preserving IP address anonymization" (2002). */
export class CryptoPan {
  readonly #key: Buffer;
  readonly #pad: Buffer;

  /** `key`: 32 bytes, the first half for the cipher, the second for the pad. */
  constructor(key: Buffer) {
    invariant(key.length === KEY_BYTES, "Crypto-PAn has a key of 32 bytes");
    this.#key = key.subarray(0, BLOCK_BYTES);
    this.#pad = this.#encrypted(key.subarray(BLOCK_BYTES));
  }

  /** `text`: an address that `node:net` accepts. */
  pseudonym(text: string): string {
    const bytes = addressBytes(text);
    const bits = 8 * bytes.length;
    // All blocks of an address in one call: the cipher costs less than its set-up.
    const blocks = Buffer.alloc(bits * BLOCK_BYTES);
    for (let bit = 0; bit < bits; bit++) {
      const block = blocks.subarray(bit * BLOCK_BYTES, (bit + 1) * BLOCK_BYTES);
      this.#pad.copy(block);
      copyBits(bytes, block, bit);
    }
    const encrypted = this.#encrypted(blocks);
    for (let bit = 0; bit < bits; bit++) {
      const flip = (encrypted[bit * BLOCK_BYTES] as number) >> 7;
      bytes[bit >> 3] = (bytes[bit >> 3] as number) ^ (flip << (7 - (bit & 7)));
    }
    return addressText(bytes);
  }

  #encrypted(blocks: Uint8Array): Buffer {
    const cipher = createCipheriv("aes-128-ecb", this.#key, null).setAutoPadding(false);
    return Buffer.concat([cipher.update(blocks), cipher.final()]);
  }
}

function copyBits(from: Uint8Array, to: Uint8Array, bits: number): void {
  const whole = bits >> 3;
  to.set(from.subarray(0, whole));
  const rest = bits & 7;
  if (rest === 0) return;
  const mask = 0xff << (8 - rest);
  to[whole] = ((from[whole] as number) & mask) | ((to[whole] as number) & ~mask);
}
