// Value -> hexadecimal pseudonym, without memory. Runs once per distinct value that the memo of masker.ts has forgotten.
//
//   sha1-raw      SHA-1(salt | value)                                    40 digits, as Star Compactor writes them
//   sha2-salted   SHA-256(salt | value), first 32 digits                 32 digits, likewise
//   hmac-sha256   HMAC-SHA-256(k_class, value), first 32 digits          k_class = HMAC-SHA-256(key, "drayage/mask/v1/" class)
import { createHmac, hash } from "node:crypto";
import type { MaskClass, MaskPolicy } from "./mask-policy.ts";

const CLASS_PREFIX = "drayage/mask/v1/";
const KEY_ID_TEXT = "drayage/key-id/v1";
const KEY_ID_DIGITS = 16;
const SHORT_DIGITS = 32;
const BLOCK_BYTES = 64;
const SHA256_BYTES = 32;
const FIRST_VALUE_BYTES = 1024;

/** Keys beyond the classes of values: addresses that keep prefixes, and the constant that times are shifted by. */
type DerivedKeyName = MaskClass | "client-prefix" | "time-shift";

/** The key of one purpose; purposes cannot be linked with one another. */
export const derivedKey = (key: Buffer, name: DerivedKeyName): Buffer =>
  createHmac("sha256", key).update(`${CLASS_PREFIX}${name}`).digest();

/** Names a key in manifests without giving it away. */
export const keyId = (key: Buffer): string =>
  createHmac("sha256", key).update(KEY_ID_TEXT).digest("hex").slice(0, KEY_ID_DIGITS);

/** Digits of a pseudonym as tables of events have it. */
export const shortDigits = (method: Exclude<MaskPolicy["method"], "none">): number =>
  method === "sha1-raw" ? 40 : SHORT_DIGITS;

/** All digits of a value's hash: 64, and 40 with sha1-raw. `none` has none and never asks. */
export type FullHash = (value: string) => string;

export function fullHash(policy: Exclude<MaskPolicy, { method: "none" }>, of: MaskClass): FullHash {
  switch (policy.method) {
    case "sha1-raw":
      return prefixHash("sha1", policy.salt);
    case "sha2-salted":
      return prefixHash("sha256", policy.salt);
    case "hmac-sha256":
      return keyedHash(derivedKey(policy.key, of));
    default:
      return policy satisfies never;
  }
}

function prefixHash(algorithm: "sha1" | "sha256", salt: Buffer): FullHash {
  const message = new PrefixedMessage(salt);
  return (value) => hash(algorithm, message.of(value), "hex");
}

// Two one-shot hashes cost half of what an HMAC object costs for texts this short.
function keyedHash(key: Buffer): FullHash {
  const inner = new PrefixedMessage(padded(key, 0x36));
  const outer = Buffer.alloc(BLOCK_BYTES + SHA256_BYTES);
  padded(key, 0x5c).copy(outer);
  return (value) => {
    // As text of a unit per byte: a buffer would be an object that is collected with more ado.
    outer.write(hash("sha256", inner.of(value), "binary"), BLOCK_BYTES, "latin1");
    return hash("sha256", outer, "hex");
  };
}

/** `key` has at most 64 bytes: it comes out of `derivedKey`. */
function padded(key: Buffer, byte: number): Buffer {
  const block = Buffer.alloc(BLOCK_BYTES);
  key.copy(block);
  for (let at = 0; at < BLOCK_BYTES; at++) block[at] = (block[at] as number) ^ byte;
  return block;
}

/** A buffer that begins with a secret and is filled with one value after the other. */
class PrefixedMessage {
  #buffer: Buffer;
  readonly #prefixBytes: number;

  constructor(prefix: Buffer) {
    this.#prefixBytes = prefix.length;
    this.#buffer = Buffer.alloc(prefix.length + FIRST_VALUE_BYTES);
    prefix.copy(this.#buffer);
  }

  /** Prefix and value; overwritten by the next call. */
  of(value: string): Buffer {
    // UTF-8 takes at most three bytes for each unit of UTF-16.
    const needed = this.#prefixBytes + 3 * value.length;
    if (needed > this.#buffer.length) {
      const longer = Buffer.alloc(2 * needed);
      this.#buffer.copy(longer, 0, 0, this.#prefixBytes);
      this.#buffer = longer;
    }
    const bytes = this.#buffer.write(value, this.#prefixBytes, "utf8");
    return this.#buffer.subarray(0, this.#prefixBytes + bytes);
  }
}
