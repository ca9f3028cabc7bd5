import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { Writable } from "node:stream";
import { finished } from "node:stream/promises";
import { isStorageTrouble } from "../../archive/archive-errors.ts";
import type { ArchiveItem } from "../../archive/event.ts";
import { McapExport } from "../../archive/transfer/mcap-export.ts";
import { DrayageError } from "../../core/errors.ts";
import { makeFolder } from "../../core/folder.ts";
import { LogExport } from "../../playback/message-log/archive-log.ts";
import { LogIOError } from "../../playback/message-log/log-io-error.ts";
import { itemText } from "../../playback/session/stream-item.ts";
import { outputError } from "../output-file.ts";

const nothing = { events: 0, gaps: 0 } as const;

/** Takes the batches and gaps of an archive, one after the other. */
export type ExportTarget = {
  add(item: ArchiveItem): Promise<void>;
  close(): Promise<Exported>;
};

type Exported = {
  readonly paths: readonly string[];
  /** What the form has no place for. */
  readonly events: number;
  readonly gaps: number;
};

export function mcapTarget(path: string): ExportTarget {
  const mcap = new McapExport(path);
  return {
    add: (item) => toFile(path, () => mcap.add(item)),
    async close() {
      await toFile(path, () => mcap.close());
      return { paths: mcap.paths, ...nothing };
    },
  };
}

/** `-` is standard output. */
export function jsonlTarget(path: string, standardOutput: NodeJS.WritableStream): ExportTarget {
  if (path === "-")
    return {
      add: (item) => writeLine(standardOutput, item),
      close: async () => ({ paths: ["standard output"], ...nothing }),
    };
  const file = createWriteStream(path, { flags: "wx" });
  // Whoever waits is told: until then, the stream keeps what went wrong.
  file.on("error", () => undefined);
  return {
    add: (item) => toFile(path, () => writeLine(file, item)),
    async close() {
      file.end();
      await toFile(path, () => finished(file));
      return { paths: [path], ...nothing };
    },
  };
}

async function writeLine(to: NodeJS.WritableStream, item: ArchiveItem): Promise<void> {
  const text = itemText(
    item.kind === "gap"
      ? { type: "gap", gap: item }
      : { type: "batch", stamp: item.stamp, events: item.events },
  );
  if (to instanceof Writable && to.errored !== null) throw to.errored;
  if (!to.write(`${text}\n`)) await once(to, "drain");
}

/** UsageError or DrayageError `storage` for what the system says. */
async function toFile(path: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    throw isStorageTrouble(error) ? outputError(path, error, "--output") : error;
  }
}

/** A log directory, which is made. UsageError where it cannot be, DrayageError `storage` where it cannot be written. */
export function logTarget(directory: string): ExportTarget {
  toFolder(directory);
  const log = told(() => new LogExport(directory));
  return {
    async add(item) {
      told(() => log.add(item));
    },
    async close() {
      told(() => log.close());
      const paths = log.entries === 0 ? [directory] : [log.path];
      return { paths, events: log.unwritable, gaps: log.gaps };
    },
  };
}

function toFolder(directory: string): void {
  try {
    makeFolder(directory);
  } catch (error) {
    throw outputError(directory, error, "--output");
  }
}

function told<Value>(work: () => Value): Value {
  try {
    return work();
  } catch (error) {
    if (error instanceof LogIOError)
      throw new DrayageError("storage", error.message, { cause: error });
    throw error;
  }
}
