// Instants as people write them, and as sessions show them: microseconds since the Unix epoch, UTC.
import { type Micros, micros } from "../../core/units.ts";

/** Stamps are safe integers: instants beyond count as these, in the years 1684 and 2255. */
const STAMP_MAX = Number.MAX_SAFE_INTEGER;

/** A whole stamp that can be stored and shown. */
export const asStamp = (us: number): Micros =>
  micros(Math.min(STAMP_MAX, Math.max(-STAMP_MAX, Math.round(us))));

/** RFC 3339, UTC, six digits of a fraction: `2026-01-31T12:00:00.123456Z`. */
export function stampText(stamp: Micros): string {
  const millisecond = Math.floor(stamp / 1000);
  const rest = String(stamp - millisecond * 1000).padStart(3, "0");
  return `${new Date(millisecond).toISOString().slice(0, -1)}${rest}Z`;
}

const rfc3339 =
  /^(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:\.(\d{1,12}))?(?:([Zz])|([+-])(\d\d):(\d\d))$/;
const plain = /^(\d{4})-(\d\d)-(\d\d)(?:[ T](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,12}))?)?)?$/;
const rfc2822 =
  /^(?:(Mon|Tue|Wed|Thu|Fri|Sat|Sun), *)?(\d{1,2}) +([A-Z][a-z]{2}) +(\d{4}) +(\d\d):(\d\d)(?::(\d\d))? +(?:([+-])(\d\d)(\d\d)|(GMT|UT|UTC|Z))$/;
const months = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");
const weekdays = "Sun Mon Tue Wed Thu Fri Sat".split(" ");

type Parts = {
  readonly year: number;
  /** From 1. */
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  /** Digits behind the point. */
  readonly fraction: string;
  /** East of Greenwich. */
  readonly zoneMinutes: number;
};

/**
 * RFC 3339, RFC 2822, or `YYYY-MM-DD[ HH:MM[:SS[.f]]]` as UTC; undefined for anything else, also for a 30th of February. What is
 * finer than a microsecond is cut off.
 */
export function parseDateTime(text: string): Micros | undefined {
  return fromRfc3339(text) ?? fromPlain(text) ?? fromRfc2822(text);
}

function fromRfc3339(text: string): Micros | undefined {
  const match = rfc3339.exec(text);
  if (match === null) return undefined;
  const [, year, month, day, hour, minute, second, fraction = "", , sign, hours, minutes] = match;
  const zoneMinutes = zoneOf(sign, hours, minutes);
  return instantOf({
    ...numbers({ year, month, day, hour, minute, second }),
    fraction,
    zoneMinutes,
  });
}

function fromPlain(text: string): Micros | undefined {
  const match = plain.exec(text);
  if (match === null) return undefined;
  const [, year, month, day, hour, minute, second, fraction = ""] = match;
  return instantOf({
    ...numbers({ year, month, day, hour, minute, second }),
    fraction,
    zoneMinutes: 0,
  });
}

function fromRfc2822(text: string): Micros | undefined {
  const match = rfc2822.exec(text);
  if (match === null) return undefined;
  const [, weekday, day, name = "", year, hour, minute, second, sign, hours, minutes] = match;
  const month = String(months.indexOf(name) + 1);
  const date = numbers({ year, month, day, hour, minute, second });
  const stamp = instantOf({ ...date, fraction: "", zoneMinutes: zoneOf(sign, hours, minutes) });
  const isThatDay =
    weekday === undefined ||
    weekdays[new Date(Date.UTC(date.year, date.month - 1, date.day)).getUTCDay()] === weekday;
  return isThatDay ? stamp : undefined;
}

type DateWords = Record<
  "year" | "month" | "day" | "hour" | "minute" | "second",
  string | undefined
>;

const numbers = (words: DateWords): Omit<Parts, "fraction" | "zoneMinutes"> => ({
  year: Number(words.year),
  month: Number(words.month),
  day: Number(words.day),
  hour: Number(words.hour ?? 0),
  minute: Number(words.minute ?? 0),
  second: Number(words.second ?? 0),
});

/** NaN for an offset that no place has. */
function zoneOf(sign = "+", hours = "0", minutes = "0"): number {
  const [wholeHours, rest] = [Number(hours), Number(minutes)];
  if (wholeHours > 23 || rest > 59) return Number.NaN;
  return (sign === "-" ? -1 : 1) * (wholeHours * 60 + rest);
}

function instantOf(parts: Parts): Micros | undefined {
  const { year, month, day, hour, minute, second, fraction, zoneMinutes } = parts;
  if (Number.isNaN(zoneMinutes) || hour > 23 || minute > 59 || second > 59) return undefined;
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  // The calendar moves what it does not have into the next month.
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return undefined;
  const seconds = date.getTime() / 1000 + hour * 3600 + (minute - zoneMinutes) * 60 + second;
  return asStamp(seconds * 1e6 + Number(fraction.slice(0, 6).padEnd(6, "0")));
}
