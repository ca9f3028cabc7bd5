// Times of Nova traces: microseconds since the Unix epoch inside, Python's texts outside. Runs a few times per row, so days
// and seconds of the day are remembered as texts. Guarded by perf/extract-stream.bench.ts.
import { UsageError } from "../core/errors.ts";
import type { EventTime } from "./nova-event.ts";

const US_PER_SECOND = 1_000_000;
const SECONDS_PER_DAY = 86_400;
const US_PER_DAY = SECONDS_PER_DAY * US_PER_SECOND;
const ZERO_DATE = /^0000-00-00(?:[ T]00:00:00(?:\.0*)?)?$/;
const DATABASE_TIME = /^(\d{4}-\d\d-\d\d)(?: |T)(\d\d):(\d\d):(\d\d)(?:\.(\d{1,6}))?$/;
const ISO_TIME =
  /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?(Z|[+-]\d\d(?::?\d\d)?)?)?$/i;

/** The start of a day in microseconds; NaN if the calendar has no such day. */
export function dayStart(text: string): number {
  const ms = Date.parse(`${text}T00:00:00Z`);
  // Date.parse takes a 31st of June for the 1st of July.
  if (Number.isNaN(ms) || !new Date(ms).toISOString().startsWith(text)) return Number.NaN;
  return ms * 1000;
}

/**
 * A DATETIME as MySQL and MariaDB print it, UTC: `2015-09-17 18:24:56[.123456]`. NULL and the zero date are `null`; text
 * that is no time is NaN, which the source counts and names.
 */
export function readDatabaseTime(text: string | null): EventTime | null {
  if (text === null) return null;
  const whole = text.length === 19 ? wholeSeconds(text) : Number.NaN;
  if (!Number.isNaN(whole)) return whole * US_PER_SECOND;
  const parts = DATABASE_TIME.exec(text);
  if (parts === null || text.startsWith("0000")) return ZERO_DATE.test(text) ? null : Number.NaN;
  const [, day = "", hours, minutes, seconds, fraction = ""] = parts;
  const inDay = Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds);
  const us = fraction === "" ? 0 : Number(fraction.padEnd(6, "0"));
  if (Number(hours) > 23 || Number(minutes) > 59 || Number(seconds) > 59) return Number.NaN;
  return dayStart(day) + inDay * US_PER_SECOND + us;
}

const ZERO = 48;

/** Two digits at `at`, or NaN. */
function pairAt(text: string, at: number): number {
  const tens = text.charCodeAt(at) - ZERO;
  const ones = text.charCodeAt(at + 1) - ZERO;
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : Number.NaN;
}

/** Seconds since the Unix epoch of `YYYY-MM-DD hh:mm:ss` from the year 1000 on; NaN if it is another text or no such day. */
function wholeSeconds(text: string): number {
  const year = pairAt(text, 0) * 100 + pairAt(text, 2);
  const month = pairAt(text, 5);
  const day = pairAt(text, 8);
  const separator = text.charCodeAt(10);
  const hours = pairAt(text, 11);
  const minutes = pairAt(text, 14);
  const seconds = pairAt(text, 17);
  const isTime =
    year >= 1000 &&
    month >= 1 &&
    month <= 12 &&
    day >= 1 &&
    day <= daysOf(year, month) &&
    (separator === 32 || separator === 84) &&
    hours <= 23 &&
    minutes <= 59 &&
    seconds <= 59 &&
    text.charCodeAt(4) === 45 &&
    text.charCodeAt(7) === 45 &&
    text.charCodeAt(13) === 58 &&
    text.charCodeAt(16) === 58;
  if (!isTime) return Number.NaN;
  return ((daysBefore(year, month) + day - 1) * 24 + hours) * 3600 + minutes * 60 + seconds;
}

const MONTH_DAYS = [0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] as const;
const MONTH_STARTS = [0, 0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334] as const;
/** Days from the first of January of the year 0 of the Gregorian calendar to the Unix epoch. */
const EPOCH_DAY = 719_528;

const isLeap = (year: number): boolean => year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);

const daysOf = (year: number, month: number): number =>
  month === 2 && isLeap(year) ? 29 : (MONTH_DAYS[month] as number);

/** Days from the Unix epoch to the first of a month. */
function daysBefore(year: number, month: number): number {
  const past = year - 1;
  const leaps = Math.floor(past / 4) - Math.floor(past / 100) + Math.floor(past / 400) + 1;
  const leapDay = month > 2 && isLeap(year) ? 1 : 0;
  return year * 365 + leaps + (MONTH_STARTS[month] as number) + leapDay - EPOCH_DAY;
}

/** ISO 8601 date or date-time with `T` or a blank; without a zone it is UTC. `undefined` if it is none. */
export function readTime(text: string): EventTime | undefined {
  const parts = ISO_TIME.exec(text);
  if (parts === null) return undefined;
  const [, day = "", hours = "0", minutes = "0", seconds = "0", fraction = "", zone = "Z"] = parts;
  if (Number(hours) > 23 || Number(minutes) > 59 || Number(seconds) > 59) return undefined;
  const inDay = Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds) - zoneSeconds(zone);
  // Digits behind the microsecond are cut off, as DATETIME(6) has none.
  const us = Number(fraction.slice(0, 6).padEnd(6, "0"));
  const time = dayStart(day) + inDay * US_PER_SECOND + us;
  return Number.isNaN(time) ? undefined : time;
}

/** `readTime` for an option: what is no time is a UsageError that names the option. */
export function timeOption(text: string, option: string): EventTime {
  const time = readTime(text);
  if (time === undefined)
    throw new UsageError(`${option} wants a time such as 2015-09-17T00:00:00, not "${text}"`);
  return time;
}

function zoneSeconds(zone: string): number {
  if (zone.toUpperCase() === "Z") return 0;
  const digits = zone.slice(1).replace(":", "").padEnd(4, "0");
  const offset = Number(digits.slice(0, 2)) * 3600 + Number(digits.slice(2)) * 60;
  return zone.startsWith("-") ? -offset : offset;
}

const secondTexts: (string | undefined)[] = new Array(SECONDS_PER_DAY);
/** About as many days as Nova has existed, and a bound for data that mean something else. */
const DAY_TEXTS_MAX = 1 << 14;
const dayTexts = new Map<number, string>();

/** Date of a time, second of its day, and what is below a second. */
export type EventTimeParts = { day: string; second: number; us: number };

let lastDay = Number.NaN;
let lastDayText = "";

/** Fills `parts`, which the caller owns: nothing is made per time. */
export function partsOfTime(time: EventTime, parts: EventTimeParts): void {
  const day = Math.floor(time / US_PER_DAY);
  const inDay = time - day * US_PER_DAY;
  const second = Math.floor(inDay / US_PER_SECOND);
  if (day !== lastDay) {
    lastDayText = dayTexts.get(day) ?? dayText(day);
    lastDay = day;
  }
  parts.day = lastDayText;
  parts.second = second;
  parts.us = inDay - second * US_PER_SECOND;
}

const textParts: EventTimeParts = { day: "", second: 0, us: 0 };

/** `2015-09-17T18:24:56`, with six digits of a fraction only if there is one. */
export function timeText(time: EventTime): string {
  partsOfTime(time, textParts);
  const { day, second, us } = textParts;
  const text = `${day}${secondTexts[second] ?? secondText(second)}`;
  return us === 0 ? text : `${text}.${String(us).padStart(6, "0")}`;
}

function dayText(day: number): string {
  const text = new Date(day * SECONDS_PER_DAY * 1000).toISOString().slice(0, -14);
  if (dayTexts.size >= DAY_TEXTS_MAX) dayTexts.clear();
  dayTexts.set(day, text);
  return text;
}

function secondText(second: number): string {
  const text = new Date(second * 1000).toISOString().slice(10, 19);
  secondTexts[second] = text;
  return text;
}

/** Seconds of a span in microseconds, rounded once, as Python's `total_seconds` does. */
export const secondsOf = (us: number): number => us / US_PER_SECOND;

/** The text of a float in Python 2: 12 significant digits, `.0` when integral. */
export function seconds12(value: number): string {
  if (Number.isInteger(value) && Math.abs(value) < 1e12) return `${value}.0`;
  return floatText(value, { shown: Number(value.toPrecision(12)), exponentFrom: 12 });
}

/** The text of a float in Python 3: the shortest that reads back as the same number, `.0` when integral. */
export function secondsShortest(value: number): string {
  if (Number.isInteger(value) && Math.abs(value) < 1e16) return `${value}.0`;
  return floatText(value, { shown: value, exponentFrom: 16 });
}

// Python changes to an exponent below 1e-4, JavaScript below 1e-6.
function floatText(
  value: number,
  { shown, exponentFrom }: { shown: number; exponentFrom: number },
): string {
  const size = Math.abs(shown);
  if (size >= 1e-4 && size < 10 ** exponentFrom) {
    return Number.isInteger(shown) ? `${shown}.0` : String(shown);
  }
  const [digits = "", exponent = "0"] = shown.toExponential().split("e");
  const sign = exponent.startsWith("-") ? "-" : "+";
  return value === 0 ? "0.0" : `${digits}e${sign}${exponent.replace(/^[+-]/, "").padStart(2, "0")}`;
}
