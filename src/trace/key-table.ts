import { RANGE_KEY, traceKeys } from "./raw-record.ts";

/** Each key as it stands in a record: quotes and colon included, so that none is shorter than a word. */
const members: readonly Buffer[] = traceKeys.map((key) => Buffer.from(`"${key}":`));
const WORD_BYTES = 4;

/** The words of all members, little-endian, one member behind the other; the last of each overlaps the one before it. */
const words = Int32Array.from(members.flatMap(wordsOf));
/** By field: the first and the last of its words. */
const firstWord = Int32Array.from(
  members.map((_, field) => members.slice(0, field).flatMap(wordsOf).length),
);
const lastWord = firstWord.map(
  (first, field) => first + wordsOf(members[field] as Buffer).length - 1,
);

function wordsOf(member: Buffer): number[] {
  return Array.from({ length: Math.ceil(member.length / WORD_BYTES) }, (_, word) =>
    member.readInt32LE(Math.min(word * WORD_BYTES, member.length - WORD_BYTES)),
  );
}

const LONGEST: number = Math.max(...members.map((member) => member.length));

/** Each key in quotes, and the fields by the length of that. */
const quotedKeys: readonly Buffer[] = traceKeys.map((key) => Buffer.from(`"${key}"`));
const byLength: readonly (readonly number[])[] = Array.from({ length: LONGEST }, (_, length) =>
  quotedKeys.flatMap((key, field) => (key.length === length ? [field] : [])),
);

export const UNKNOWN_FIELD = -1;

/** Bytes of a key with its quotes and the colon. */
export const memberLength: Uint8Array = Uint8Array.from(members, (member) => member.length);
/** Bytes that a look for a key may take. */
export const MEMBER_BYTES_MAX: number = LONGEST;

/** Whether the key of `field`, in quotes and followed by a colon, stands at `at`. */
export function isMemberAt(data: DataView, at: number, field: number): boolean {
  const end = at + (memberLength[field] as number) - WORD_BYTES;
  // The last word first: it tells apart keys that begin alike.
  if (data.getInt32(end, true) !== words[lastWord[field] as number]) return false;
  let word = firstWord[field] as number;
  for (let p = at; p < end; p += WORD_BYTES) {
    if (data.getInt32(p, true) !== words[word++]) return false;
  }
  return true;
}

/** The field whose key is `buffer[at..end)`, quotes included; UNKNOWN_FIELD if it is none of ours. */
export function fieldAt(buffer: Buffer, at: number, end: number): number {
  const candidates = byLength[end - at];
  if (candidates === undefined) return UNKNOWN_FIELD;
  for (const field of candidates) {
    const key = quotedKeys[field] as Buffer;
    let i = key.length - 1;
    while (i >= 0 && buffer[at + i] === key[i]) i--;
    if (i < 0) return field;
  }
  return UNKNOWN_FIELD;
}

const quotedRange = Buffer.from(`"${RANGE_KEY}"`);

/** Whether `buffer[at..end)` is the key of a range, in quotes. */
export const isRangeKey = (buffer: Buffer, at: number, end: number): boolean =>
  end - at === quotedRange.length && quotedRange.compare(buffer, at, end) === 0;

/** Whether any known key, in quotes, stands at `at`. */
export function isAnyKeyAt(buffer: Buffer, at: number): boolean {
  return quotedKeys.some((key) => key.equals(buffer.subarray(at, at + key.length)));
}
