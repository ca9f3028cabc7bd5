// What may be written to the controls of a session, and how their values are shown.
import { type Micros, micros } from "../../core/units.ts";
import { asStamp, parseDateTime, stampText } from "./date-time.ts";
import { parseOffset } from "./offset.ts";
import { Refusal } from "./refusal.ts";

export const controlNames = ["start", "end", "speed", "pos", "state"] as const;
export type ControlName = (typeof controlNames)[number];

export const controlDocs: Readonly<Record<ControlName, string>> = {
  start:
    "first instant that is played: Unbounded, a date and time, or an offset from now such as -3d",
  end: "last instant that is played: Unbounded, a date and time, or an offset from now such as +1h",
  speed: "archive time per real time, above 0, or unlimited: as fast as it is read and taken",
  pos: "where playback is: write beginning, end, a date and time, an offset from now (-5m) or from here (pos+30s), or a number of batches (+1 to +128, -1 to -128)",
  state: "play, pause, or tail: pass on what is recorded as it comes",
};

export type SessionState = "play" | "pause" | "tail";
export type Speed = number | "unlimited";
/** null = unbounded. */
export type Bound = Micros | null;

/** What a write to `pos` asks for. */
export type Seek =
  | { readonly kind: "beginning" }
  | { readonly kind: "end" }
  | { readonly kind: "instant"; readonly stamp: Micros }
  | { readonly kind: "from-here"; readonly by: Micros }
  | { readonly kind: "batches"; readonly count: number };

/** Most batches that one write moves over. */
const STEP_MAX = 128;

const quoted = (value: unknown): string =>
  typeof value === "string" && value.trim() !== ""
    ? value
    : (JSON.stringify(value) ?? String(value));

const keyword = (value: unknown): string =>
  typeof value === "string" ? value.trim().toLowerCase() : "";

/** `now` is the instant of the write: offsets are resolved once. Throws a Refusal. */
export function parseBound(value: unknown, now: Micros): Bound {
  if (["unbounded", "beginning", "end"].includes(keyword(value))) return null;
  const stamp = typeof value === "string" ? instantOf(value, now) : undefined;
  if (stamp === undefined) throw new Refusal("bad", `${quoted(value)} is not a valid bound`);
  return stamp;
}

const instantOf = (text: string, now: Micros): Micros | undefined => {
  const offset = parseOffset(text);
  return offset === undefined ? parseDateTime(text.trim()) : asStamp(now + offset);
};

/** Throws a Refusal. */
export function parseSeek(value: unknown, now: Micros): Seek {
  const seek =
    typeof value === "number"
      ? stepOf(value)
      : typeof value === "string"
        ? textSeek(value, now)
        : undefined;
  if (seek === undefined) {
    throw new Refusal("bad", `${quoted(value)} is not a valid seek expression`);
  }
  return seek;
}

function textSeek(text: string, now: Micros): Seek | undefined {
  const word = keyword(text);
  if (word === "beginning" || word === "end") return { kind: word };
  if (/^[+-]?\d+$/.test(text.trim())) return stepOf(Number(text));
  if (text.startsWith("pos")) {
    const by = parseOffset(text.slice(3));
    return by === undefined ? undefined : { kind: "from-here", by };
  }
  const stamp = instantOf(text, now);
  return stamp === undefined ? undefined : { kind: "instant", stamp };
}

const stepOf = (count: number): Seek | undefined =>
  Number.isInteger(count) && count !== 0 && Math.abs(count) <= STEP_MAX
    ? { kind: "batches", count }
    : undefined;

/** Throws a Refusal. */
export function parseSpeed(value: unknown): Speed {
  if (keyword(value) === "unlimited") return "unlimited";
  const speed = typeof value === "string" ? numberOf(value.trim()) : value;
  if (typeof speed !== "number" || !Number.isFinite(speed) || speed <= 0) {
    const wanted = "a number above 0, or unlimited";
    throw new Refusal("bad", `${quoted(value)} is not a valid speed: ${wanted}`);
  }
  return speed;
}

const numberOf = (text: string): number =>
  /^\+?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(text) ? Number(text) : Number.NaN;

/** Throws a Refusal. */
export function parseState(value: unknown): SessionState {
  const word = keyword(value);
  if (word === "play" || word === "pause" || word === "tail") return word;
  throw new Refusal("bad", `${quoted(value)} is not a valid state: play, pause or tail`);
}

export const boundText = (bound: Bound): string =>
  bound === null ? "Unbounded" : stampText(bound);

/** A position before everything: stamps are 0 or more. And an end behind everything. */
export const NO_START = micros(-1);
export const NO_END = micros(Number.POSITIVE_INFINITY);
