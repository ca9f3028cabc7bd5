// What a session is created with.
import { compileGlob, type Glob } from "../../archive/glob.ts";
import { messageOf } from "../../core/errors.ts";
import type { Micros } from "../../core/units.ts";
import {
  type Bound,
  parseBound,
  parseSeek,
  parseSpeed,
  parseState,
  type Seek,
  type SessionState,
  type Speed,
} from "./control-values.ts";
import { parseDuration } from "./offset.ts";
import { Refusal } from "./refusal.ts";

export type SessionArguments = {
  readonly start: Bound;
  readonly end: Bound;
  readonly speed: Speed;
  readonly pos: Seek;
  readonly state: SessionState;
  /** How long after creation playing begins; null = not by itself. */
  readonly playAfter: Micros | null;
  readonly filter: readonly Glob[];
};

const known = ["start", "end", "speed", "pos", "state", "play_after", "filter"] as const;

const defaults = {
  start: "unbounded",
  end: "unbounded",
  speed: 1,
  pos: "beginning",
  state: "pause",
  play_after: null,
  filter: ["/**"],
};

/** A JSON object, or null for the defaults. Offsets count from `now`. Throws a Refusal for the first that is wrong. */
export function parseSessionArguments(given: unknown, now: Micros): SessionArguments {
  const args = { ...defaults, ...objectOf(given, known) };
  const start = named("start", () => parseBound(args.start, now));
  const end = named("end", () => ordered(start, parseBound(args.end, now), args.end));
  const speed = named("speed", () => parseSpeed(args.speed));
  const pos = named("pos", () => parseSeek(args.pos, now));
  const state = named("state", () => tailPossible(parseState(args.state), { end, now }));
  const playAfter = named("play_after", () => parsePlayAfter(args.play_after, state));
  return { start, end, speed, pos, state, playAfter, filter: parseFilter(args.filter) };
}

/** What `given` holds, if it holds nothing but known names. Throws a Refusal. */
export function objectOf(given: unknown, names: readonly string[]): Record<string, unknown> {
  if (given === null || given === undefined) return {};
  if (typeof given !== "object" || Array.isArray(given)) {
    throw new Refusal("bad", "arguments must be a JSON object, or null for the defaults");
  }
  const unknown = Object.keys(given).filter((name) => !names.includes(name));
  if (unknown.length > 0) {
    throw new Refusal("bad", `unknown argument specified: [${unknown.join(", ")}]`);
  }
  return { ...given };
}

/** What a part of the arguments says; what is wrong with it begins with its name. */
export function named<T>(name: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    throw new Refusal(error.kind, `invalid ${name}: ${error.message}`);
  }
}

/** `end`, unless `start` lies after it. `written` is what was asked for. */
export function ordered(start: Bound, end: Bound, written: unknown): Bound {
  if (start === null || end === null || start <= end) return end;
  throw new Refusal("bad", `${String(written)} is not a valid bound: start would be after end`);
}

/** Nothing will ever be recorded before an end that has passed. */
export function tailPossible(
  state: SessionState,
  { end, now }: { end: Bound; now: Micros },
): SessionState {
  if (state !== "tail" || end === null || end > now) return state;
  throw new Refusal("bad", "tail is not possible: end is in the past");
}

function parsePlayAfter(value: unknown, state: SessionState): Micros | null {
  if (value === null || value === undefined) return null;
  const duration = parseDuration(value);
  if (duration === undefined) {
    const text = typeof value === "string" ? value : JSON.stringify(value);
    throw new Refusal("bad", `${text} is not a duration of 0 or more, such as 30s`);
  }
  if (state === "tail")
    throw new Refusal("bad", "a session that begins with tail has nothing to wait for");
  return duration;
}

/** Throws a Refusal that begins with `could not parse filter`. */
export function parseFilter(value: unknown): readonly Glob[] {
  if (!Array.isArray(value) || value.length === 0) {
    throw new Refusal("bad", 'could not parse filter: a list of globs is wanted, such as ["/**"]');
  }
  return value.map((text: unknown) => {
    if (typeof text !== "string") {
      throw new Refusal("bad", `could not parse filter: ${JSON.stringify(text)} is no text`);
    }
    try {
      return compileGlob(text);
    } catch (error) {
      throw new Refusal("bad", `could not parse filter: ${messageOf(error)}`);
    }
  });
}
