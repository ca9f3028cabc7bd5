import { messageOf, UsageError } from "../../core/errors.ts";
import { type Micros, micros } from "../../core/units.ts";
import type { PathFilter } from "../event.ts";
import { instantOf } from "../file-name.ts";
import { compileGlob } from "../glob.ts";

const PREFIX = "archive:";

/** An archive in the place of a trace: `archive:DIR[?from=T&to=T&filter=GLOB]`. */
export type ArchiveTraceName = {
  readonly directory: string;
  /** Arrivals of exchanges, both inclusive; µs since the epoch. */
  readonly from: Micros | undefined;
  readonly to: Micros | undefined;
  /** By the path of the request. */
  readonly filter: PathFilter | undefined;
};

/** Undefined for names of other traces. UsageError for parameters that are none. */
export function archiveTraceName(name: string): ArchiveTraceName | undefined {
  if (!name.startsWith(PREFIX)) return undefined;
  const mark = name.indexOf("?");
  const directory = name.slice(PREFIX.length, mark < 0 ? undefined : mark);
  if (directory === "")
    throw new UsageError(`${name}: name the archive's directory, as in archive:DIR`);
  const given = parametersOf(name, mark < 0 ? "" : name.slice(mark + 1));
  const filter = given.get("filter");
  return {
    directory,
    from: instant(name, "from", given),
    to: instant(name, "to", given),
    filter: filter === undefined ? undefined : globOf(name, filter),
  };
}

const known: ReadonlySet<string> = new Set(["from", "to", "filter"]);

function parametersOf(name: string, query: string): Map<string, string> {
  const given = new Map<string, string>();
  for (const part of query.split("&").filter((text) => text !== "")) {
    const at = part.indexOf("=");
    const key = at < 0 ? part : part.slice(0, at);
    if (!known.has(key) || at < 0 || given.has(key))
      throw new UsageError(`${name}: ${part} is not one of from=TIME, to=TIME, filter=GLOB`);
    given.set(key, decoded(part.slice(at + 1)));
  }
  return given;
}

/** A plus is a plus: it stands in times. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function instant(
  name: string,
  key: "from" | "to",
  given: ReadonlyMap<string, string>,
): Micros | undefined {
  const text = given.get(key);
  if (text === undefined) return undefined;
  const found = instantOf(text);
  if (found === undefined)
    throw new UsageError(`${name}: ${key} wants a time such as 2026-01-31T12:00:00.5Z`);
  return micros(found);
}

function globOf(name: string, text: string): PathFilter {
  try {
    return compileGlob(text);
  } catch (error) {
    throw new UsageError(`${name}: filter: ${messageOf(error)}`);
  }
}
