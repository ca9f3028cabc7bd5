// JSON strings out of trace bytes, as bytes. Runs two or three times per request in the feeder; budget 150 ns.
import { isPlainWord, WORD_BYTES } from "../../trace/plain-word.ts";
import type { RecordBlock } from "../../trace/record-view.ts";

const QUOTE = 34;
const BACKSLASH = 92;
const SPACE = 32;

/** Longest output of one input byte: a backslash, `u` and four digits. */
const GROWTH_MAX = 6;
const HEX = Buffer.from("0123456789abcdef");

/** Bytes that `length` bytes of text may take between quotes, quotes included. */
export const jsonTextBytesMax = (length: number): number => 2 + GROWTH_MAX * length;

/** Writes `source[from..to)`, UTF-8, as a JSON string at `at`; returns where it ends. */
export function writeJsonText(
  into: Buffer,
  at: number,
  source: Buffer,
  from: number,
  to: number,
): number {
  into[at] = QUOTE;
  return writeRest(into, at + 1, source, from, to);
}

/** Writes what is left of a string, and its closing quote. */
function writeRest(into: Buffer, at: number, source: Buffer, from: number, to: number): number {
  let end = at;
  for (let i = from; i < to; i++) {
    const byte = source[i] as number;
    if (byte === QUOTE || byte === BACKSLASH) {
      into[end++] = BACKSLASH;
      into[end++] = byte;
    } else if (byte < SPACE) {
      end = writeEscape(into, end, byte);
    } else {
      into[end++] = byte;
    }
  }
  into[end++] = QUOTE;
  return end;
}

function writeEscape(into: Buffer, at: number, byte: number): number {
  into.write("\\u00", at, "latin1");
  into[at + 4] = HEX[byte >> 4] as number;
  into[at + 5] = HEX[byte & 15] as number;
  return at + GROWTH_MAX;
}

/** The same from block to block, by words as far as nothing needs an escape. */
export function copyJsonText(
  into: RecordBlock,
  at: number,
  source: RecordBlock,
  from: number,
  to: number,
): number {
  let end = at + 1;
  let p = from;
  for (; p + WORD_BYTES <= to; p += WORD_BYTES, end += WORD_BYTES) {
    const word = source.data.getInt32(p, true);
    if (!isPlainWord(word)) return writeJsonText(into.buffer, at, source.buffer, from, to);
    into.data.setInt32(end, word, true);
  }
  into.buffer[at] = QUOTE;
  return writeRest(into.buffer, end, source.buffer, p, to);
}
