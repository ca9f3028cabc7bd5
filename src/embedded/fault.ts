import { UsageError } from "../core/errors.ts";
import type { Millis } from "../core/units.ts";
import { parseWait } from "./quantity.ts";

/** What a fault does to an answer. */
export type Fault =
  | { readonly kind: "status"; readonly status: number; readonly retryAfter: string | undefined }
  | { readonly kind: "redirect"; readonly url: string }
  | { readonly kind: "unauthorized" }
  | { readonly kind: "reset" }
  | { readonly kind: "truncate"; readonly share: number }
  | { readonly kind: "stall"; readonly ms: Millis }
  | { readonly kind: "corrupt" }
  | { readonly kind: "no-length" };

type Parse = (argument: string) => Fault | undefined;

const withoutArgument =
  (fault: Fault): Parse =>
  (argument) =>
    argument === "" ? fault : undefined;

const parsers: Readonly<Record<Fault["kind"], Parse>> = {
  status: parseStatus,
  redirect: (url) => (isSendable(url) ? { kind: "redirect", url } : undefined),
  unauthorized: withoutArgument({ kind: "unauthorized" }),
  reset: withoutArgument({ kind: "reset" }),
  truncate: parseTruncate,
  stall: (argument) => ({ kind: "stall", ms: parseWait(argument, "stall()") }),
  corrupt: withoutArgument({ kind: "corrupt" }),
  "no-length": withoutArgument({ kind: "no-length" }),
};

/** `status(503)`, `status(429,retry-after=2)`, `redirect(http://…)`, `reset`, `truncate(0.5)`, `stall(5s)`, … */
export function parseFault(text: string): Fault {
  const match = /^([a-z-]+)(?:\((.*)\))?$/.exec(text.trim());
  const kind = match?.[1] ?? "";
  const fault = isFaultKind(kind) ? parsers[kind](match?.[2] ?? "") : undefined;
  if (fault !== undefined) return fault;
  throw new UsageError(
    `a fault is status(503), status(429,retry-after=2), reset, truncate(0.5), stall(5s), corrupt, no-length, redirect(URL) or unauthorized, not "${text}"`,
  );
}

// A header takes no other characters, and a Location that cannot be sent would be found out too late.
const isSendable = (url: string): boolean => /^[!-~]+$/.test(url) && URL.canParse(url);

const isFaultKind = (text: string): text is Fault["kind"] => Object.hasOwn(parsers, text);

function parseStatus(argument: string): Fault | undefined {
  const match = /^([2-5]\d\d)(?:,\s*retry-after=([\w :-]+))?$/.exec(argument.trim());
  if (match === null) return undefined;
  return { kind: "status", status: Number(match[1]), retryAfter: match[2] };
}

function parseTruncate(argument: string): Fault | undefined {
  const share = Number(argument);
  if (argument.trim() === "" || !(share >= 0 && share < 1)) return undefined;
  return { kind: "truncate", share };
}
