import type { ArchiveReader } from "../../archive/archive-reader.ts";
import type { ArchiveItem, PathFilter } from "../../archive/event.ts";
import { compileGlob, type Glob, matchesAny } from "../../archive/glob.ts";
import { messageOf, UsageError } from "../../core/errors.ts";
import { type Micros, micros } from "../../core/units.ts";
import { parseDateTime } from "../../playback/session/date-time.ts";
import type { OptionTable, OptionValues } from "../command.ts";

/** Common to what reads a part of an archive. */
export const selectionOptions = {
  from: {
    type: "string",
    value: "TIME",
    help: "first stamp, inclusive: a date and time, or µs since 1970",
  },
  to: { type: "string", value: "TIME", help: "last stamp, inclusive" },
  filter: {
    type: "string",
    array: true,
    value: "GLOB",
    help: "only paths that match, e.g. /v2/**",
  },
} as const satisfies OptionTable;

/** Stamps are inclusive; what was not said is undefined. */
export type BatchSelection = {
  readonly from: Micros | undefined;
  readonly to: Micros | undefined;
  readonly filter: PathFilter | undefined;
};

/** UsageError for times and globs that are none. */
export function batchSelection(given: OptionValues<typeof selectionOptions>): BatchSelection {
  const { from, to, filter } = given;
  const globs = filter.map(globOf);
  return {
    from: from === undefined ? undefined : instantOf(from, "--from"),
    to: to === undefined ? undefined : instantOf(to, "--to"),
    filter: globs.length === 0 ? undefined : { matches: (path) => matchesAny(globs, path) },
  };
}

function globOf(text: string): Glob {
  try {
    return compileGlob(text);
  } catch (error) {
    throw new UsageError(`--filter ${text}: ${messageOf(error)}`);
  }
}

function instantOf(text: string, flag: string): Micros {
  const instant = /^\d{10,}$/.test(text) ? micros(Number(text)) : parseDateTime(text);
  if (instant === undefined || !Number.isSafeInteger(instant))
    throw new UsageError(`${flag} wants a time such as 2026-01-31T12:00:00Z, not "${text}"`);
  return instant;
}

/** The batches and gaps of the part, in order. */
export async function* selectedItems(
  reader: ArchiveReader,
  { from, to, filter }: BatchSelection,
): AsyncGenerator<ArchiveItem> {
  const cursor = reader.cursor(micros((from ?? 1) - 1), filter);
  for (let item = await cursor.next(); item !== null; item = await cursor.next()) {
    if (to !== undefined && (item.kind === "batch" ? item.stamp : item.from) > to) return;
    yield item;
  }
}
