// Numbers, times and texts as bytes, written where they stay: no string is made and none is copied. Each function runs
// some times per row, takes bytes for granted that `at` has room for, and returns the place behind what it wrote. Guarded
// by perf/extract-stream.bench.ts.
import { type EventTimeParts, partsOfTime } from "../event-time.ts";

/** What a number or a time takes at most, with a separator and quotes. */
export const NUMBER_BYTES_MAX = 40;
/** UTF-8 takes at most three bytes for each unit of UTF-16. */
export const BYTES_PER_UNIT_MAX = 3;

const ZERO = 48;
const MINUS = 45;
const DOT = 46;
const COLON = 58;
const LETTER_T = 84;
const LINE_FEED = 10;
const CARRIAGE_RETURN = 13;
const QUOTE = 34;
const COMMA = 44;
const ASCII_LAST = 127;
const SMALL_INTEGERS = 2 ** 31;

/** A text of ASCII without a character that CSV quotes; -1 if it is another, and then nothing of it counts as written. */
export function writePlain(bytes: Uint8Array, at: number, text: string): number {
  let place = at;
  for (let unitAt = 0; unitAt < text.length; unitAt++) {
    const unit = text.charCodeAt(unitAt);
    if ((unit <= COMMA || unit > ASCII_LAST) && isOdd(unit)) return -1;
    bytes[place++] = unit;
  }
  return place;
}

const isOdd = (unit: number): boolean =>
  unit > ASCII_LAST ||
  unit === COMMA ||
  unit === QUOTE ||
  unit === LINE_FEED ||
  unit === CARRIAGE_RETURN;

/** As `String` prints it. */
export function writeNumber(bytes: Uint8Array, at: number, value: number): number {
  if (!isSmall(value)) return writePlain(bytes, at, String(value));
  let place = at;
  let rest = value;
  if (rest < 0) {
    bytes[place++] = MINUS;
    rest = -rest;
  }
  const end = place + digitsOf(rest);
  for (let digitAt = end - 1; digitAt >= place; digitAt--) {
    const tenth = Math.floor(rest / 10);
    bytes[digitAt] = ZERO + (rest - tenth * 10);
    rest = tenth;
  }
  return end;
}

const isSmall = (value: number): boolean =>
  Number.isInteger(value) && value < SMALL_INTEGERS && value > -SMALL_INTEGERS;

function digitsOf(value: number): number {
  let digits = 1;
  for (let limit = 10; value >= limit; limit *= 10) digits++;
  return digits;
}

/** A float of Python: whole numbers here, all others as `textOf` prints them. */
export function writeSeconds(
  bytes: Uint8Array,
  at: number,
  { value, textOf }: { value: number; textOf: (value: number) => string },
): number {
  if (!isSmall(value)) return writePlain(bytes, at, textOf(value));
  const place = writeNumber(bytes, at, value);
  bytes[place] = DOT;
  bytes[place + 1] = ZERO;
  return place + 2;
}

const parts: EventTimeParts = { day: "", second: 0, us: 0 };

/** As `timeText` prints it. */
export function writeTime(bytes: Uint8Array, at: number, time: number): number {
  partsOfTime(time, parts);
  const { day, second, us } = parts;
  let place = writePlain(bytes, at, day);
  const minute = Math.floor(second / 60);
  const hour = Math.floor(minute / 60);
  bytes[place] = LETTER_T;
  writePair(bytes, place + 1, hour);
  bytes[place + 3] = COLON;
  writePair(bytes, place + 4, minute - hour * 60);
  bytes[place + 6] = COLON;
  writePair(bytes, place + 7, second - minute * 60);
  place += 9;
  return us === 0 ? place : writeFraction(bytes, place, us);
}

function writePair(bytes: Uint8Array, at: number, value: number): void {
  const tens = Math.floor(value / 10);
  bytes[at] = ZERO + tens;
  bytes[at + 1] = ZERO + (value - tens * 10);
}

/** A dot and six digits. */
function writeFraction(bytes: Uint8Array, at: number, us: number): number {
  bytes[at] = DOT;
  let rest = us;
  for (let digitAt = at + 6; digitAt > at; digitAt--) {
    const tenth = Math.floor(rest / 10);
    bytes[digitAt] = ZERO + (rest - tenth * 10);
    rest = tenth;
  }
  return at + 7;
}
