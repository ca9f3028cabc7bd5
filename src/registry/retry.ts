// Which failures are tried again, and when. Default is none in a run: every retry hides an error of the server from the
// report. Source: trace-replay.md `run.retries`, registry-protocol.md 6.
import { Failure } from "../core/failure.ts";
import type { Random } from "../core/random.ts";
import { type Millis, millis } from "../core/units.ts";

/** `run.retries`. `on` holds statuses and failure kinds; `connect` includes the time-out of connecting. */
export type RetryRules = {
  readonly count: number;
  readonly backoffMs: number;
  readonly on: readonly (string | number)[];
};

export type FailedAttempt = {
  /** Code of core/failure.ts. */
  readonly code: number;
  readonly status: number;
  /** Attempts made so far, this one included. */
  readonly attempts: number;
  /** Value of Retry-After, if the response had one. */
  readonly retryAfter: string | undefined;
};

const RETRY_AFTER_MS_MAX = 60_000;
const BACKOFF_MS_MAX = 60_000;

/**
 * Milliseconds until the next attempt; `undefined` when there is none. The server's Retry-After counts, up to 60 s; else
 * the wait is uniform in [0, backoff x 2^(attempts - 1)), so that clients that failed together do not return together.
 */
export function retryDelayMs(
  rules: RetryRules,
  failure: FailedAttempt,
  random: Random,
  wallClock: () => number = Date.now,
): Millis | undefined {
  if (failure.attempts > rules.count || !isRetryable(rules.on, failure)) return undefined;
  const asked = retryAfterMs(failure.retryAfter, wallClock);
  if (asked !== undefined) return asked;
  const ceiling = Math.min(BACKOFF_MS_MAX, rules.backoffMs * 2 ** (failure.attempts - 1));
  return millis(random.next() * ceiling);
}

function isRetryable(on: readonly (string | number)[], { code, status }: FailedAttempt): boolean {
  if (code === Failure.http) return on.some((entry) => String(entry) === String(status));
  return on.some((entry) => failuresOf(String(entry)).includes(code));
}

function failuresOf(kind: string): readonly number[] {
  if (kind === "connect") return [Failure.connect, Failure["timeout:connect"]];
  const code = (Failure as Readonly<Record<string, number>>)[kind];
  return code === undefined ? [] : [code];
}

/** Seconds or an HTTP date; `undefined` for anything else. Never negative, at most 60 s. */
function retryAfterMs(value: string | undefined, wallClock: () => number): Millis | undefined {
  if (value === undefined) return undefined;
  const text = value.trim();
  const wait = /^\d+$/.test(text) ? Number(text) * 1000 : httpDate(text) - wallClock();
  if (Number.isNaN(wait)) return undefined;
  return millis(Math.min(RETRY_AFTER_MS_MAX, Math.max(0, wait)));
}

/** A date of HTTP names its weekday; anything looser that Date.parse would take is no date here. */
function httpDate(text: string): number {
  return /^[A-Z][a-z]{2,8},? /.test(text) ? Date.parse(text) : Number.NaN;
}
