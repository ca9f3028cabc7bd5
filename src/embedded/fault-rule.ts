import { UsageError } from "../core/errors.ts";
import { type Delay, parseDelay } from "./delay.ts";
import { type Fault, parseFault } from "./fault.ts";
import { type FaultRate, parseRate } from "./fault-rate.ts";
import { parseMatch, type RequestMatch } from "./request-match.ts";

/** A line of the fault table, as parsed. `text` is what was written, for listings. */
export type FaultRule =
  | {
      readonly kind: "latency";
      readonly text: string;
      readonly match: RequestMatch;
      readonly delay: Delay;
    }
  | {
      readonly kind: "fault";
      readonly text: string;
      readonly match: RequestMatch;
      readonly fault: Fault;
      readonly rate: FaultRate;
    };

// Names may contain "=" in an expression, so the sign that counts is the one before a word that the right side can
// begin with.
const latencyText = /^(.*?)=\s*((?:fixed|uniform|lognormal)\b.*)$/;
const faultText =
  /^(.*?)=\s*((?:status|reset|truncate|stall|corrupt|no-length|redirect|unauthorized)\b.*)$/;

/** `MATCH=DIST`, e.g. `GET blob=lognormal(20ms,0.6)`. */
export function parseLatencyRule(text: string): FaultRule {
  const match = latencyText.exec(text);
  if (match === null) {
    throw new UsageError(
      `--latency wants MATCH=DIST such as "GET blob=fixed(20ms)", not "${text}"`,
    );
  }
  return {
    kind: "latency",
    text,
    match: parseMatch(match[1] ?? ""),
    delay: parseDelay(match[2] ?? ""),
  };
}

/** `MATCH=KIND@RATE`, e.g. `GET blob=status(503)@0.01`; without a rate every matching request is hit. */
export function parseFaultRule(text: string): FaultRule {
  const match = faultText.exec(text);
  if (match === null) {
    throw new UsageError(
      `--fault wants MATCH=KIND@RATE such as "GET blob=status(503)@0.01", not "${text}"`,
    );
  }
  // A redirect's URL may contain "@", so the one that counts stands after the closing bracket.
  const right = /^([a-z-]+(?:\([^()]*\))?)\s*(?:@(.*))?$/.exec(match[2] ?? "");
  return {
    kind: "fault",
    text,
    match: parseMatch(match[1] ?? ""),
    fault: parseFault(right?.[1] ?? match[2] ?? ""),
    rate: right?.[2] === undefined ? { kind: "probability", p: 1 } : parseRate(right[2]),
  };
}

/** One rule of either kind: what `PUT /_drayage/faults` takes as a text. */
export const parseRule = (text: string): FaultRule =>
  latencyText.test(text) ? parseLatencyRule(text) : parseFaultRule(text);
