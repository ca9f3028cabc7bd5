import { type Millis, millis } from "../../core/units.ts";

/** As a configuration is printed, and as the original recorder's file writes it. */
export type Duration = { readonly secs: number; readonly nanos: number };

const NANOS_PER_SECOND = 1_000_000_000;
const nanosOf: Readonly<Record<string, number>> = {
  ns: 1,
  us: 1_000,
  µs: 1_000,
  ms: 1_000_000,
  s: NANOS_PER_SECOND,
  m: 60 * NANOS_PER_SECOND,
  h: 3_600 * NANOS_PER_SECOND,
  d: 86_400 * NANOS_PER_SECOND,
};

/** What may stand for a duration, for the sentence that says so. */
export const DURATION_FORMS =
  'seconds, text such as 500ms, 30s, 5m, 1h or 1d, {"secs": n, "nanos": n}, or null for off';

/** Null and 0 are off. `undefined` for anything that is no duration. */
export function readDuration(value: unknown): Duration | null | undefined {
  const nanos = value === null ? 0 : nanosIn(value);
  if (nanos === undefined || !Number.isFinite(nanos) || nanos < 0) return undefined;
  if (nanos === 0) return null;
  const secs = Math.floor(nanos / NANOS_PER_SECOND);
  return { secs, nanos: Math.round(nanos - secs * NANOS_PER_SECOND) };
}

/** 0 for off. */
export const millisOf = (duration: Duration | null): Millis =>
  millis(duration === null ? 0 : duration.secs * 1_000 + duration.nanos / 1_000_000);

function nanosIn(value: unknown): number | undefined {
  if (typeof value === "number") return value * NANOS_PER_SECOND;
  if (typeof value === "string") return nanosInText(value);
  if (typeof value !== "object" || value === null) return undefined;
  const entries = Object.entries(value);
  const { secs = 0, nanos = 0 } = value as Record<string, unknown>;
  const isKnown = entries.length > 0 && entries.every(([key]) => key === "secs" || key === "nanos");
  if (!isKnown || !isCount(secs) || !isCount(nanos)) return undefined;
  return secs * NANOS_PER_SECOND + nanos;
}

const isCount = (value: unknown): value is number =>
  Number.isSafeInteger(value) && Number(value) >= 0;

function nanosInText(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h|d)$/.exec(text.trim());
  const unit = nanosOf[match?.[2] ?? ""];
  return match === null || unit === undefined ? undefined : Number(match[1]) * unit;
}
