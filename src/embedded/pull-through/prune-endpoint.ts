// DELETE /cmd/prune, as Ociregistry has it, so that one driver prunes both. Source: registry-protocol.md 9.3.
import { UsageError } from "../../core/errors.ts";
import { re2Pattern } from "../../core/re2-pattern.ts";
import { apiError } from "../api-error.ts";
import { parseDuration } from "../quantity.ts";
import type { Call, Registry } from "../registry.ts";
import { type Reply, textReply } from "../reply.ts";
import type { CacheEntry } from "./cache-entry.ts";
import type { PullThrough } from "./pull-through.ts";

/** Images that one request removes unless it says otherwise. */
const COUNT_PRESET = 50;

type PruneRequest = {
  readonly matches: (entry: CacheEntry) => boolean;
  /** Infinity = all. */
  readonly count: number;
  readonly isDryRun: boolean;
};

/** Removes images from the cache, the one that was not used for longest first; answers with one line for each. */
export function prune(registry: Registry, through: PullThrough, { route }: Call): Reply {
  const asked = parsed(new URLSearchParams(route.query), registry.now());
  if (typeof asked === "string") return apiError("UNKNOWN", asked, { status: 400 });
  const victims = through.cache.entries().filter(asked.matches).slice(0, asked.count);
  if (!asked.isDryRun) for (const entry of victims) through.cache.drop(entry);
  const lines = victims.map(({ url }) => `${url}\n`).join("");
  return textReply(200, lines, "text/plain; charset=utf-8");
}

// The string returned is the complaint.
function parsed(query: URLSearchParams, now: number): PruneRequest | string {
  const count = countOf(query.get("count"));
  const isDryRun = booleanOf(query.get("dryRun"));
  if (count === undefined) return "count wants a number, or -1 for all";
  if (isDryRun === undefined) return "dryRun wants true or false";
  try {
    const matches = matcherOf(query, now);
    return typeof matches === "string" ? matches : { matches, count, isDryRun };
  } catch (error) {
    if (error instanceof UsageError) return error.message;
    throw error;
  }
}

function countOf(text: string | null): number | undefined {
  if (text === null) return COUNT_PRESET;
  if (!/^-?\d{1,9}$/.test(text)) return undefined;
  const count = Number(text);
  return count < 0 ? Number.POSITIVE_INFINITY : count;
}

// Absent means true: a request that forgets it shall harm nothing.
function booleanOf(text: string | null): boolean | undefined {
  switch (text?.toLowerCase()) {
    case undefined:
    case "true":
    case "1":
      return true;
    case "false":
    case "0":
      return false;
    default:
      return undefined;
  }
}

function matcherOf(query: URLSearchParams, now: number): PruneRequest["matches"] | string {
  const type = query.get("type");
  switch (type) {
    case "pattern":
      return patternMatcher(query.get("expr") ?? "");
    case "accessed":
    case "created": {
      const before = now - durationOf(query.get("dur") ?? "");
      return (entry) => (type === "accessed" ? entry.accessedAt : entry.createdAt) <= before;
    }
    default:
      return "type wants pattern, accessed or created";
  }
}

function patternMatcher(text: string): PruneRequest["matches"] | string {
  const patterns = text
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "")
    .map((part) => re2Pattern(part, "expr"));
  if (patterns.length === 0) return "expr wants one or more expressions";
  const foreign = patterns.flatMap((pattern) => pattern.foreign);
  if (foreign.length > 0) return `expr is an RE2 expression, which has no ${foreign.join(", ")}`;
  return ({ url }) => patterns.some(({ regexp }) => regexp.test(url));
}

/** `30d` besides what other durations may say. */
function durationOf(text: string): number {
  const days = /^(\d+(?:\.\d+)?)d$/.exec(text);
  return days === null ? parseDuration(text, "dur") : Number(days[1]) * 86_400_000;
}
