// Which failures inside a pull are tried again, and after how long. Source: registry-protocol.md 2.1 and 6.
import { Failure } from "../../../core/failure.ts";
import type { PullRetry } from "../../../registry/pull-profile.ts";

const RETRY_AFTER_MS_MAX = 60_000;

const TRANSPORT: ReadonlySet<number> = new Set([
  Failure.connect,
  Failure.reset,
  Failure.truncated_body,
  Failure["timeout:connect"],
  Failure["timeout:first_byte"],
  Failure["timeout:idle"],
]);

/** `attempts` have been made. */
export function isRetryable(
  { statuses, statusesOnce, transport }: PullRetry,
  { failure, status, attempts }: { failure: number; status: number; attempts: number },
): boolean {
  if (failure !== Failure.http) return transport && TRANSPORT.has(failure);
  return statuses.includes(status) || (attempts === 1 && statusesOnce.includes(status));
}

/** `attempts` have been made, `draw` is drawn from [0, 1). The server's Retry-After counts, up to a minute. */
export function retryPauseMs(
  retry: PullRetry,
  attempts: number,
  { draw, retryAfter }: { readonly draw: number; readonly retryAfter: string | undefined },
): number {
  const asked = retryAfterMs(retryAfter);
  if (asked !== undefined) return Math.min(RETRY_AFTER_MS_MAX, asked);
  const pause = Math.min(retry.capMs, retry.firstMs * retry.factor ** (attempts - 1));
  return pause * (1 + retry.jitter * (2 * draw - 1));
}

/** Seconds, or an HTTP date. */
function retryAfterMs(value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  if (/^\d+$/.test(value)) return Number(value) * 1000;
  const date = /^[A-Z][a-z]{2,8},? /.test(value) ? Date.parse(value) : Number.NaN;
  return Number.isNaN(date) ? undefined : Math.max(0, date - Date.now());
}
