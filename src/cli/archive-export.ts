import { once } from "node:events";
import { createWriteStream, existsSync } from "node:fs";
import { finished } from "node:stream/promises";
import { ArchiveReader } from "../archive/archive-reader.ts";
import type { ArchiveItem } from "../archive/event.ts";
import { McapExport } from "../archive/transfer/mcap-export.ts";
import { UsageError } from "../core/errors.ts";
import { ExitCode } from "../core/exit-code.ts";
import { micros } from "../core/units.ts";
import { itemText } from "../playback/session/stream-item.ts";
import { archivePlace } from "./archive/archive-place.ts";
import type { Command } from "./command.ts";

const options = {
  format: {
    type: "string",
    choices: ["mcap", "jsonl"],
    default: "jsonl",
    help: "mcap: the interchange format of recordings; jsonl: a line of JSON per batch",
  },
  output: {
    type: "string",
    alias: "o",
    value: "FILE",
    help: "file to write; - is standard output (jsonl)",
  },
} as const;

type Target = {
  add(item: ArchiveItem): Promise<void>;
  /** Returns the paths written. */
  close(): Promise<readonly string[]>;
};

export const archiveExport: Command<typeof options> = {
  name: "archive export",
  summary: "write the batches of an archive in a form that other tools read",
  examples: [
    {
      type: "drayage archive export archive --format mcap -o day.mcap",
      does: "for tools that read MCAP",
    },
    {
      type: "drayage archive export archive -o - | jq .us",
      does: "lines of JSON into another program",
    },
  ],
  positionals: ["PATH"],
  options,
  async run({ format, output }, [path = "."], { out, err }) {
    if (output === undefined) throw new UsageError("archive export wants --output FILE");
    if (format === "mcap" && output === "-")
      throw new UsageError("MCAP goes into a file: say -o FILE.mcap");
    if (existsSync(output)) throw new UsageError(`${output} is there already: choose another name`);
    archivePlace(path);
    const notice = (sentence: string): void => void err.write(`${sentence}\n`);
    const reader = await ArchiveReader.open(path, { onNotice: notice });
    const target = format === "mcap" ? mcapTarget(output) : jsonlTarget(output, out);
    const counts = { batches: 0, events: 0, damaged: 0 };
    try {
      const cursor = reader.cursor(micros(0));
      for (let item = await cursor.next(); item !== null; item = await cursor.next()) {
        await target.add(item);
        if (item.kind === "batch") {
          counts.batches++;
          counts.events += item.events.length;
        } else if (item.why === "damage") counts.damaged++;
      }
    } finally {
      await reader.close();
    }
    const written = await target.close();
    notice(`${counts.batches} batches, ${counts.events} events -> ${written.join(", ")}`);
    return counts.damaged > 0 ? ExitCode.archiveDamaged : ExitCode.done;
  },
};

function mcapTarget(path: string): Target {
  const mcap = new McapExport(path);
  return {
    add: (item) => mcap.add(item),
    async close() {
      await mcap.close();
      return mcap.paths;
    },
  };
}

function jsonlTarget(path: string, standardOutput: NodeJS.WritableStream): Target {
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
      if (file === undefined) return ["standard output"];
      file.end();
      await finished(file);
      return [path];
    },
  };
}
