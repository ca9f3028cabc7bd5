// One request as a log line tells it, whatever wrote the line. Clear text; ends in the trace writer.
import { dayStart } from "../event-time.ts";

/** A point in time in two integers, since nanoseconds since 1970 do not fit one: microseconds, and nanoseconds below. */
export type LogTime = { readonly us: number; readonly ns: number };

export type LogEntry = {
  /** What the line says; whether it is the start or the end of the request is the source's property. */
  readonly time: LogTime;
  /** Nanoseconds; `undefined` where the log has none. */
  readonly durationNs: number | undefined;
  readonly quality: "exact" | "millisecond" | "second";
  readonly host: string | undefined;
  readonly method: string;
  /** Address of the client, perhaps with a port. */
  readonly client: string | undefined;
  /** Path and query as requested. */
  readonly target: string;
  readonly agent: string | undefined;
  readonly status: number;
  readonly responseBytes: number | undefined;
  /** Of the request, perhaps with its head. */
  readonly requestBytes: number | undefined;
  /** Of the request's body alone. */
  readonly bodyBytes: number | undefined;
  /** Of an upload: where the part that this request brought ends in the whole, exclusive, as Content-Range says. */
  readonly rangeEnd: number | undefined;
  readonly requestId: string | undefined;
};

/**
 * What a line came to: a request, a line that is none (counted by reason), or one that cannot be read.
 */
export type LineResult =
  | { readonly kind: "entry"; readonly entry: LogEntry }
  | { readonly kind: "other"; readonly reason: string }
  | { readonly kind: "malformed"; readonly why: string };

export const malformed = (why: string): LineResult => ({ kind: "malformed", why });
export const otherLine = (reason: string): LineResult => ({ kind: "other", reason });

const NS_PER_US = 1000;

/** `time` minus so many nanoseconds. */
export function before({ us, ns }: LogTime, durationNs: number): LogTime {
  const wholeUs = Math.floor(durationNs / NS_PER_US);
  const rest = ns - (durationNs - wholeUs * NS_PER_US);
  return rest < 0 ? { us: us - wholeUs - 1, ns: rest + NS_PER_US } : { us: us - wholeUs, ns: rest };
}

/** `time` plus so many nanoseconds. */
export function after({ us, ns }: LogTime, durationNs: number): LogTime {
  const wholeUs = Math.floor(durationNs / NS_PER_US);
  const rest = ns + (durationNs - wholeUs * NS_PER_US);
  return rest >= NS_PER_US
    ? { us: us + wholeUs + 1, ns: rest - NS_PER_US }
    : { us: us + wholeUs, ns: rest };
}

const ISO = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:?\d\d)$/;

/** Milliseconds since 1970 of a time with its zone; NaN if the calendar has no such day. */
export const calendarMs = (iso: string): number =>
  Number.isNaN(dayStart(iso.slice(0, 10))) ? Number.NaN : Date.parse(iso);

let rememberedSecond = "";
let rememberedUs = 0;

/** RFC 3339 with up to nine digits of a fraction; `undefined` if it is no such time. */
export function readLogTime(text: string): LogTime | undefined {
  const [, second, fraction = "", zone = "Z"] = ISO.exec(text) ?? [];
  if (second === undefined) return undefined;
  const key = second + zone;
  if (key !== rememberedSecond) {
    const ms = calendarMs(key);
    if (Number.isNaN(ms)) return undefined;
    rememberedSecond = key;
    rememberedUs = ms * 1000;
  }
  if (fraction === "") return { us: rememberedUs, ns: 0 };
  const digits = fraction.padEnd(9, "0");
  return { us: rememberedUs + Number(digits.slice(0, 6)), ns: Number(digits.slice(6)) };
}

/** A whole number of at least 0, or `undefined`: sizes that are unknown are absent, never 0. */
export function countOf(value: unknown): number | undefined {
  const number = typeof value === "string" && /^\d{1,15}$/.test(value) ? Number(value) : value;
  return typeof number === "number" && Number.isSafeInteger(number) && number >= 0
    ? number
    : undefined;
}

export const textOf = (value: unknown): string | undefined =>
  typeof value === "string" && value !== "" && value !== "-" ? value : undefined;
