// Runs once per record read; no strings, no Date but once per new day. Guarded by perf/trace-read.bench.ts.

const US_PER_DAY = 86_400_000_000;
const FRACTION_DIGITS_MAX = 9;
/** `2017-06-20T02:41:18.399Z` */
const PUBLISHED_BYTES = 24;
const POINT = 46;
const PLUS = 43;
const MINUS = 45;
const UPPER_Z = 90;
const LOWER_Z = 122;

/** Two decimal digits at `at`, or -1. */
function twoDigits(buffer: Uint8Array, at: number): number {
  const tens = (buffer[at] as number) - 48;
  const ones = (buffer[at + 1] as number) - 48;
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : -1;
}

const isDigit = (byte: number | undefined): boolean =>
  byte !== undefined && byte >= 48 && byte <= 57;

/**
 * Reads times such as `2017-06-20T02:41:18.399Z`: `T` or a blank, 0 to 9 fraction digits, `Z`, an offset (`+02:00`,
 * `+0200`, `+02`) or nothing, which means UTC. The last day is remembered: neighbours in a trace share it.
 */
export class TimestampReader {
  #dayKey = -1;
  #dayUs = Number.NaN;

  /** Microseconds since the Unix epoch, rounded; NaN if `buffer[from..to)` is no such time. */
  read(buffer: Uint8Array, from: number, to: number): number {
    if (to - from < 19) return Number.NaN;
    const separator = buffer[from + 10];
    const separated =
      buffer[from + 4] === 45 &&
      buffer[from + 7] === 45 &&
      (separator === 84 || separator === 32 || separator === 116) &&
      buffer[from + 13] === 58 &&
      buffer[from + 16] === 58;
    if (!separated) return Number.NaN;
    const hours = twoDigits(buffer, from + 11);
    const minutes = twoDigits(buffer, from + 14);
    const seconds = twoDigits(buffer, from + 17);
    // 60 is a leap second, which the Unix epoch counts as the first of the next minute.
    if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59 || seconds < 0 || seconds > 60)
      return Number.NaN;
    const whole = this.#day(buffer, from) + ((hours * 60 + minutes) * 60 + seconds) * 1e6;
    if (
      to - from === PUBLISHED_BYTES &&
      buffer[to - 1] === UPPER_Z &&
      buffer[from + 19] === POINT
    ) {
      const tens = twoDigits(buffer, from + 20);
      const ones = (buffer[from + 22] as number) - 48;
      if (tens >= 0 && ones >= 0 && ones <= 9) return whole + (tens * 10 + ones) * 1000;
    }
    return whole + fractionAndOffset(buffer, from + 19, to);
  }

  #day(buffer: Uint8Array, from: number): number {
    const century = twoDigits(buffer, from);
    const years = twoDigits(buffer, from + 2);
    const month = twoDigits(buffer, from + 5);
    const day = twoDigits(buffer, from + 8);
    if (century < 0 || years < 0 || month < 0 || day < 0) return Number.NaN;
    const year = century * 100 + years;
    const key = (year * 128 + month) * 128 + day;
    if (key === this.#dayKey) return this.#dayUs;
    const ms = Date.UTC(year, month - 1, day);
    const date = new Date(ms);
    // Date takes the 31st of June for the 1st of July, and years below 100 for those of the last century.
    const real = date.getUTCFullYear() === year && date.getUTCMonth() === month - 1;
    const valid = real && date.getUTCDate() === day;
    this.#dayKey = key;
    this.#dayUs = valid ? (ms / 86_400_000) * US_PER_DAY : Number.NaN;
    return this.#dayUs;
  }
}

const powersOfTen = [1, 10, 100, 1e3, 1e4, 1e5, 1e6] as const;

/** Microseconds of a fraction with so many digits. A division by a power of ten is exact where it can be. */
function scaled(value: number, digits: number): number {
  return digits <= 6
    ? value * (powersOfTen[6 - digits] as number)
    : Math.round(value / (powersOfTen[digits - 6] as number));
}

function fractionAndOffset(buffer: Uint8Array, from: number, to: number): number {
  if (from === to || buffer[from] !== POINT) return zoneShift(buffer, from, to);
  let value = 0;
  let p = from + 1;
  for (; p < to && isDigit(buffer[p]); p++) value = value * 10 + ((buffer[p] as number) - 48);
  const digits = p - from - 1;
  if (digits === 0 || digits > FRACTION_DIGITS_MAX) return Number.NaN;
  return scaled(value, digits) + zoneShift(buffer, p, to);
}

/** Microseconds to add for what stands behind the fraction. */
function zoneShift(buffer: Uint8Array, from: number, to: number): number {
  if (from === to) return 0;
  switch (buffer[from]) {
    case UPPER_Z:
    case LOWER_Z:
      return from + 1 === to ? 0 : Number.NaN;
    case PLUS:
      return -offsetUs(buffer, from + 1, to);
    case MINUS:
      return offsetUs(buffer, from + 1, to);
    default:
      return Number.NaN;
  }
}

/** `hh`, `hhmm` or `hh:mm`. */
function offsetUs(buffer: Uint8Array, from: number, to: number): number {
  const hours = twoDigits(buffer, from);
  const digits = to - from;
  const colon = buffer[from + 2] === 58;
  const complete = digits === 2 || (digits === 4 && !colon) || (digits === 5 && colon);
  const minutes = digits === 2 ? 0 : twoDigits(buffer, to - 2);
  const real = hours >= 0 && hours <= 23 && minutes >= 0 && minutes <= 59;
  return complete && real ? (hours * 60 + minutes) * 60e6 : Number.NaN;
}
