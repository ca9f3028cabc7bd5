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
function dayStart(text: string): number {
  const ms = Date.parse(`${text}T00:00:00Z`);
  // Date.parse takes a 31st of June for the 1st of July.
  if (Number.isNaN(ms) || !new Date(ms).toISOString().startsWith(text)) return Number.NaN;
  return ms * 1000;
}

let parsedDay = "";
let parsedDayUs = Number.NaN;

function rememberedDay(text: string): number {
  if (text !== parsedDay) {
    parsedDayUs = dayStart(text);
    parsedDay = text;
  }
  return parsedDayUs;
}

/**
 * A DATETIME as MySQL and MariaDB print it, UTC: `2015-09-17 18:24:56[.123456]`. NULL and the zero date are `null`; text
 * that is no time is NaN, which the source counts and names.
 */
export function readDatabaseTime(text: string | null): EventTime | null {
  if (text === null) return null;
  const parts = DATABASE_TIME.exec(text);
  if (parts === null || text.startsWith("0000")) return ZERO_DATE.test(text) ? null : Number.NaN;
  const [, day = "", hours, minutes, seconds, fraction = ""] = parts;
  const inDay = Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds);
  const us = fraction === "" ? 0 : Number(fraction.padEnd(6, "0"));
  if (Number(hours) > 23 || Number(minutes) > 59 || Number(seconds) > 59) return Number.NaN;
  return rememberedDay(day) + inDay * US_PER_SECOND + us;
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
let writtenDay = Number.NaN;
let writtenDayText = "";

/** `2015-09-17T18:24:56`, with six digits of a fraction only if there is one. */
export function timeText(time: EventTime): string {
  const day = Math.floor(time / US_PER_DAY);
  if (day !== writtenDay) {
    writtenDay = day;
    writtenDayText = new Date(day * SECONDS_PER_DAY * 1000).toISOString().slice(0, -14);
  }
  const inDay = time - day * US_PER_DAY;
  const second = Math.floor(inDay / US_PER_SECOND);
  const us = inDay - second * US_PER_SECOND;
  const text = `${writtenDayText}${secondTexts[second] ?? secondText(second)}`;
  return us === 0 ? text : `${text}.${String(us).padStart(6, "0")}`;
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
