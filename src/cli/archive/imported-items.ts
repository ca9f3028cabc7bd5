import { statSync } from "node:fs";
import type { ArchiveItem } from "../../archive/event.ts";
import { jsonlItems } from "../../archive/transfer/jsonl-import.ts";
import { mcapItems } from "../../archive/transfer/mcap-import.ts";
import { UsageError } from "../../core/errors.ts";
import { logBatches } from "../../playback/message-log/archive-log.ts";
import { LogIOError } from "../../playback/message-log/log-io-error.ts";
import { openLogs } from "../replay-log/open-logs.ts";
import type { ExportFormat } from "./export-format.ts";
import { type ImportListener, tracedItems } from "./traced-exchange-items.ts";

/** What the inputs hold, as batches and gaps. UsageError for inputs that are missing, or of another form. */
export function importedItems(
  format: ExportFormat,
  inputs: readonly string[],
  listener: ImportListener,
): AsyncIterable<ArchiveItem> {
  switch (format) {
    case "mcap":
      return mcapItems(files(inputs));
    case "jsonl":
      return linesOf(files(inputs));
    case "trace":
      return tracedItems(inputs, listener);
    case "mcl":
      return loggedItems(inputs, listener.say);
    default:
      return format satisfies never;
  }
}

function files(inputs: readonly string[]): readonly string[] {
  for (const input of inputs)
    if (statSync(input, { throwIfNoEntry: false })?.isFile() !== true)
      throw new UsageError(`there is no file ${input}`);
  return inputs;
}

async function* linesOf(paths: readonly string[]): AsyncGenerator<ArchiveItem> {
  for (const path of paths) yield* jsonlItems(path);
}

const allEntries = { from: undefined, to: undefined, topics: [], raw: true };

/** Log directories, files or prefixes, one after the other. */
async function* loggedItems(
  paths: readonly string[],
  say: (sentence: string) => void,
): AsyncGenerator<ArchiveItem> {
  for (const path of paths) {
    const reader = openLogs(path, allEntries, say);
    try {
      for (const batch of logBatches(reader)) yield { kind: "batch", ...batch };
    } catch (error) {
      if (error instanceof LogIOError) throw new UsageError(error.message, { cause: error });
      throw error;
    }
  }
}
