import { existsSync, readdirSync, statSync } from "node:fs";
import type { ArchiveItem } from "../archive/event.ts";
import { importArchive } from "../archive/transfer/import-archive.ts";
import { jsonlItems } from "../archive/transfer/jsonl-import.ts";
import { mcapItems } from "../archive/transfer/mcap-import.ts";
import { UsageError } from "../core/errors.ts";
import { ExitCode } from "../core/exit-code.ts";
import { bytes } from "../core/units.ts";
import type { Command } from "./command.ts";

const options = {
  format: {
    type: "string",
    choices: ["mcap", "jsonl"],
    default: "jsonl",
    help: "what the inputs are: MCAP files of one export, or lines of JSON",
  },
  output: { type: "string", alias: "o", value: "DIR", help: "folder of the new archive" },
  codec: {
    type: "string",
    choices: ["none", "deflate", "zstd"],
    default: "deflate",
    help: "how batches are packed",
  },
} as const;

export const archiveImport: Command<typeof options> = {
  name: "archive import",
  summary: "make an archive of MCAP files or lines of JSON",
  examples: [
    {
      type: "drayage archive import --format mcap -o archive day.mcap",
      does: "a recording of another tool",
    },
    { type: "drayage archive import -o archive day.jsonl", does: "what archive export wrote" },
  ],
  positionals: ["INPUT..."],
  options,
  async run({ format, output, codec }, inputs, { err }) {
    if (output === undefined) throw new UsageError("archive import wants --output DIR");
    if (existsSync(output) && (!statSync(output).isDirectory() || readdirSync(output).length > 0))
      throw new UsageError(`${output} is there already and not empty: choose a new folder`);
    for (const input of inputs)
      if (statSync(input, { throwIfNoEntry: false })?.isFile() !== true)
        throw new UsageError(`there is no file ${input}`);
    const notice = (sentence: string): void => void err.write(`${sentence}\n`);
    const { batches, events, gaps, moved } = await importArchive(
      format === "mcap" ? mcapItems(inputs) : linesOf(inputs),
      {
        directory: output,
        codec: codec as "none",
        rotateBytes: bytes(0),
        onNotice: notice,
      },
    );
    const late = moved === 0 ? "" : `, ${moved} moved to be later than the one before`;
    notice(`${batches} batches${late}, ${events} events, ${gaps} gaps -> ${output}`);
    return ExitCode.done;
  },
};

async function* linesOf(paths: readonly string[]): AsyncGenerator<ArchiveItem> {
  for (const path of paths) yield* jsonlItems(path);
}
