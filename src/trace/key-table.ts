import { traceKeys } from "./raw-record.ts";

const keyBytes: readonly Uint8Array[] = traceKeys.map((key) => Buffer.from(key));
const LONGEST = Math.max(...keyBytes.map((key) => key.length));

/** Fields by the length of their key. */
const byLength: readonly (readonly number[])[] = Array.from({ length: LONGEST + 1 }, (_, length) =>
  keyBytes.flatMap((key, field) => (key.length === length ? [field] : [])),
);

const QUOTE = 34;

export const UNKNOWN_FIELD = -1;
export const keyLength = Uint8Array.from(keyBytes, (key) => key.length);

/** Whether the key of `field` and its closing quote stand at `at`. */
export function isKeyAt(buffer: Uint8Array, at: number, field: number): boolean {
  const key = keyBytes[field] as Uint8Array;
  const length = key.length;
  if (buffer[at + length] !== QUOTE) return false;
  for (let i = length - 1; i >= 0; i--) if (buffer[at + i] !== key[i]) return false;
  return true;
}

/** The field whose key, with its closing quote, stands at `at`; UNKNOWN_FIELD if it is none of ours. */
export function fieldAt(buffer: Uint8Array, at: number, end: number): number {
  const candidates = byLength[end - at];
  if (candidates === undefined) return UNKNOWN_FIELD;
  for (const field of candidates) if (isKeyAt(buffer, at, field)) return field;
  return UNKNOWN_FIELD;
}

/** Whether any known key, with its closing quote, stands at `at`. */
export function isAnyKeyAt(buffer: Uint8Array, at: number): boolean {
  for (let field = 0; field < keyBytes.length; field++) {
    if (isKeyAt(buffer, at, field)) return true;
  }
  return false;
}

/** Bytes that `isAnyKeyAt` may look at. */
export const KEY_BYTES_MAX: number = LONGEST + 1;
