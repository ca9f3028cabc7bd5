// Lengths of time as people write them.
import { type Micros, micros } from "../../core/units.ts";

const DAY_US = 86_400e6;
const YEAR_US = 365.24 * DAY_US;
/** Case matters: `M` is a month, `m` a minute, `u` a microsecond. */
const unitsUs: Readonly<Record<string, number>> = {
  y: YEAR_US,
  M: YEAR_US / 12,
  d: DAY_US,
  h: 3600e6,
  m: 60e6,
  s: 1e6,
  u: 1,
};

const signedOffset = /^([+-])(\d+(?:\.\d+)?)([yMdhmsu])$/;

/** `[+-]N[.N]unit`; undefined for anything else. */
export function parseOffset(text: string): Micros | undefined {
  const match = signedOffset.exec(text);
  if (match === null) return undefined;
  const length = Number(match[2]) * (unitsUs[match[3] as string] as number);
  return micros(match[1] === "-" ? -length : length);
}

const durationText = /^(\d+(?:\.\d+)?)(us|ms|s|m|h|d)$/;
const durationUnitsUs: Readonly<Record<string, number>> = {
  us: 1,
  ms: 1000,
  s: 1e6,
  m: 60e6,
  h: 3600e6,
  d: DAY_US,
};

/** `{"secs": n, "nanos": n}`, a number of seconds, or text such as `500ms`; undefined for anything else and below 0. */
export function parseDuration(value: unknown): Micros | undefined {
  const length = typeof value === "string" ? textUs(value) : numericUs(value);
  return length !== undefined && length >= 0 && Number.isFinite(length)
    ? micros(length)
    : undefined;
}

function textUs(text: string): number | undefined {
  const match = durationText.exec(text.trim());
  if (match === null) return undefined;
  return Number(match[1]) * (durationUnitsUs[match[2] as string] as number);
}

function numericUs(value: unknown): number | undefined {
  if (typeof value === "number") return value * 1e6;
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  const { secs = 0, nanos = 0, ...others } = value as Record<string, unknown>;
  const isWhole = Number.isInteger(secs) && Number.isInteger(nanos);
  if (!isWhole || Object.keys(others).length > 0) return undefined;
  const [wholeSecs, wholeNanos] = [Number(secs), Number(nanos)];
  return wholeSecs < 0 || wholeNanos < 0 ? undefined : wholeSecs * 1e6 + wholeNanos / 1000;
}
