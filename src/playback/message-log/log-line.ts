// One entry of a message log:
//
//        0.10000    'gps'       81a16b01
//   |----------|----|-------|----|------…
//     seconds   blanks topic       payload as hexadecimal text, up to the line's end
//     12 columns       8 columns with its quotes
//
// Wider values widen their columns. The topic reaches from the first quote to the last one, so it may hold both blanks and
// quotes. Runs per entry, some hundred thousand times a second: works on bytes and makes strings of the topic only.
import { isUtf8 } from "node:buffer";

const ELAPSED_COLUMNS = 12;
const TOPIC_COLUMNS = 8;
const GAP = "    ";
const QUOTE = 0x27;
const BLANK = 0x20;
const TAB = 0x09;
const DOT = 0x2e;
const ZERO = 0x30;
const NINE = 0x39;

/** Ticks of the format: elapsed times are multiples of 10 µs. */
export const TICKS_PER_SECOND = 1e5;

export type LogEntry = { readonly topic: string; readonly payload: Uint8Array };

/** `ticks`: elapsed time in units of 10 µs, a whole number from 0. */
export function formatLine(ticks: number, { topic, payload }: LogEntry): string {
  const whole = Math.floor(ticks / TICKS_PER_SECOND);
  const elapsed = `${whole}.${String(ticks % TICKS_PER_SECOND).padStart(5, "0")}`;
  const hex = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength).toString("hex");
  return `${elapsed.padStart(ELAPSED_COLUMNS)}${GAP}${`'${topic}'`.padEnd(TOPIC_COLUMNS)}${GAP}${hex}\n`;
}

/** Elapsed seconds at the beginning of a line, and where they end; undefined if there is no number from 0. */
export function elapsedOf(
  line: Buffer,
): { readonly seconds: number; readonly end: number } | undefined {
  const from = skipBlanks(line, 0);
  let end = skipDigits(line, from);
  if (end === from) return undefined;
  if (line[end] === DOT) end = skipDigits(line, end + 1);
  const seconds = Number(line.toString("latin1", from, end));
  return Number.isFinite(seconds) ? { seconds, end } : undefined;
}

/** The topic, and where it ends; a sentence if there is none. `from`: behind the elapsed time. */
export function topicOf(
  line: Buffer,
  from: number,
): { readonly topic: string; readonly end: number } | string {
  const open = skipBlanks(line, from);
  if (open === from || line[open] !== QUOTE) return "no topic in quotes behind the elapsed time";
  const close = line.lastIndexOf(QUOTE);
  if (close === open) return "the topic has no closing quote";
  const bytes = line.subarray(open + 1, close);
  if (!isUtf8(bytes)) return "the topic is not UTF-8";
  return { topic: bytes.toString("utf8"), end: close + 1 };
}

/** The payload's bytes; a sentence if the text is not hexadecimal. `from`: behind the topic. */
export function payloadOf(line: Buffer, from: number): Buffer | string {
  const begin = skipBlanks(line, from);
  let end = line.length;
  while (end > begin && (line[end - 1] === BLANK || line[end - 1] === TAB)) end--;
  if (begin === from && end > begin) return "no blank between topic and payload";
  if ((end - begin) % 2 !== 0) return "the payload has an odd number of hexadecimal digits";
  const bytes = Buffer.from(line.toString("latin1", begin, end), "hex");
  // The decoder stops at the first character that is no digit.
  return bytes.length === (end - begin) / 2 ? bytes : "the payload is not hexadecimal text";
}

function skipBlanks(line: Buffer, from: number): number {
  let at = from;
  while (line[at] === BLANK || line[at] === TAB) at++;
  return at;
}

function skipDigits(line: Buffer, from: number): number {
  let at = from;
  while ((line[at] as number) >= ZERO && (line[at] as number) <= NINE) at++;
  return at;
}
