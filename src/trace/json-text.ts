// Copies texts of records; runs a few times per kept record, allocates nothing. Guarded by perf/trace-read.bench.ts.

import type { RecordBlock } from "./record-view.ts";

const WORD_BYTES = 4;
const BACKSLASH = 92;
const LETTER_U = 117;
const REPLACEMENT = 0xfffd;
/** The first code point that takes two UTF-16 units. */
const FIRST_PAIRED = 0x10000;

/**
 * Copies `source[from..to)` to `target[at..)`, by words: the built-in copy makes an object per call. Returns the
 * position behind the copy.
 */
export function copyText(
  target: RecordBlock,
  at: number,
  source: RecordBlock,
  from: number,
  to: number,
): number {
  let out = at;
  let p = from;
  for (; p + WORD_BYTES <= to; p += WORD_BYTES, out += WORD_BYTES) {
    target.data.setInt32(out, source.data.getInt32(p, true), true);
  }
  while (p < to) target.buffer[out++] = source.buffer[p++] as number;
  return out;
}

/** Whether one of the four bytes of a word is a backslash: what exclusive or makes 0, a borrow makes negative. */
function hasBackslash(word: number): boolean {
  const backslash = word ^ 0x5c5c5c5c;
  return ((backslash - 0x01010101) & ~backslash & 0x80808080) !== 0;
}

/** What a letter behind a backslash stands for; 0 = no escape of JSON. */
const simpleEscapes = new Uint8Array(256);
for (const [letter, meaning] of ['""', "\\\\", "//", "b\b", "f\f", "n\n", "r\r", "t\t"]) {
  simpleEscapes[(letter as string).charCodeAt(0)] = (meaning as string).charCodeAt(0);
}

/** Bytes of the sound escape whose backslash stands at `at`: 2 or 6. 0 if it is malformed. */
export function escapeLength(source: Buffer, at: number): number {
  if (source[at + 1] === LETTER_U) return hexUnit(source, at + 2) === -1 ? 0 : 6;
  return simpleEscapes[source[at + 1] as number] === 0 ? 0 : 2;
}

/**
 * Copies JSON text with its escapes, which are sound, decoded as UTF-8; never longer than the source. Half a surrogate
 * pair becomes U+FFFD. Returns the position behind the copy.
 */
export function copyEscapedText(
  target: RecordBlock,
  at: number,
  source: RecordBlock,
  from: number,
  to: number,
): number {
  let out = at;
  let p = from;
  while (p < to) {
    const plain = plainEnd(source, p, to);
    out = copyText(target, out, source, p, plain);
    p = plain;
    if (p === to) break;
    if (source.buffer[p + 1] !== LETTER_U) {
      target.buffer[out++] = simpleEscapes[source.buffer[p + 1] as number] as number;
      p += 2;
    } else {
      const point = escapedCodePoint(source.buffer, p, to);
      out = putCodePoint(target.buffer, out, point);
      p += point >= FIRST_PAIRED ? 12 : 6;
    }
  }
  return out;
}

/** The first backslash from `from` on, or `to`. */
function plainEnd({ buffer, data }: RecordBlock, from: number, to: number): number {
  let p = from;
  while (p + WORD_BYTES <= to && !hasBackslash(data.getInt32(p, true))) p += WORD_BYTES;
  while (p < to && buffer[p] !== BACKSLASH) p++;
  return p;
}

/** What the escape at `at`, and if it is half a pair the one behind it, stand for. */
function escapedCodePoint(source: Buffer, at: number, to: number): number {
  const unit = hexUnit(source, at + 2);
  const paired = isHigh(unit) && at + 12 <= to && isEscapedUnit(source, at + 6);
  const low = paired ? hexUnit(source, at + 8) : -1;
  const isPair = low >= 0xdc00 && low <= 0xdfff;
  return isPair ? FIRST_PAIRED + ((unit - 0xd800) << 10) + (low - 0xdc00) : unit;
}

const isHigh = (unit: number): boolean => unit >= 0xd800 && unit <= 0xdbff;
const isEscapedUnit = (source: Buffer, at: number): boolean =>
  source[at] === BACKSLASH && source[at + 1] === LETTER_U;

/** Four hexadecimal digits; -1 if they are not there. */
function hexUnit(source: Buffer, at: number): number {
  let unit = 0;
  for (let i = 0; i < 4; i++) {
    const byte = source[at + i] as number;
    const lower = byte | 32;
    if (byte >= 48 && byte <= 57) unit = unit * 16 + (byte - 48);
    else if (lower >= 97 && lower <= 102) unit = unit * 16 + (lower - 87);
    else return -1;
  }
  return unit;
}

function putCodePoint(target: Buffer, at: number, given: number): number {
  const point = given >= 0xd800 && given <= 0xdfff ? REPLACEMENT : given;
  if (point < 0x80) {
    target[at] = point;
    return at + 1;
  }
  const following = point < 0x800 ? 1 : point < 0x10000 ? 2 : 3;
  const mark = following === 1 ? 0xc0 : following === 2 ? 0xe0 : 0xf0;
  target[at] = mark | (point >> (6 * following));
  for (let i = 1; i <= following; i++) {
    target[at + i] = 0x80 | ((point >> (6 * (following - i))) & 0x3f);
  }
  return at + following + 1;
}
