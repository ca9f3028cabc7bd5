import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { finished } from "node:stream/promises";
import type { ArchiveItem } from "../../archive/event.ts";
import { McapExport } from "../../archive/transfer/mcap-export.ts";
import { DrayageError } from "../../core/errors.ts";
import { makeFolder } from "../../core/folder.ts";
import { LogExport } from "../../playback/message-log/archive-log.ts";
import { LogIOError } from "../../playback/message-log/log-io-error.ts";
import { itemText } from "../../playback/session/stream-item.ts";

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
    add: (item) => mcap.add(item),
    async close() {
      await mcap.close();
      return { paths: mcap.paths, ...nothing };
    },
  };
}

/** `-` is standard output. */
export function jsonlTarget(path: string, standardOutput: NodeJS.WritableStream): ExportTarget {
  const file = path === "-" ? undefined : createWriteStream(path, { flags: "wx" });
  const to = file ?? standardOutput;
  return {
    async add(item) {
      const text = itemText(
        item.kind === "gap"
          ? { type: "gap", gap: item }
          : { type: "batch", stamp: item.stamp, events: item.events },
      );
      if (!to.write(`${text}\n`)) await once(to, "drain");
    },
    async close() {
      if (file === undefined) return { paths: ["standard output"], ...nothing };
      file.end();
      await finished(file);
      return { paths: [path], ...nothing };
    },
  };
}

/** A log directory, which is made. DrayageError `storage` where it cannot be written. */
export function logTarget(directory: string): ExportTarget {
  makeFolder(directory);
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

function told<Value>(work: () => Value): Value {
  try {
    return work();
  } catch (error) {
    if (error instanceof LogIOError)
      throw new DrayageError("storage", error.message, { cause: error });
    throw error;
  }
}
