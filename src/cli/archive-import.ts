import { existsSync, readdirSync, statSync } from "node:fs";
import { codecNames } from "../archive/codec.ts";
import { importArchive } from "../archive/transfer/import-archive.ts";
import { UsageError } from "../core/errors.ts";
import { ExitCode } from "../core/exit-code.ts";
import { bytes } from "../core/units.ts";
import { type ExportFormat, exportFormats } from "./archive/export-format.ts";
import { importedItems } from "./archive/imported-items.ts";
import type { Command } from "./command.ts";
import { ProgressLine } from "./live/progress-line.ts";
import { uiOption } from "./live/ui-choice.ts";

const options = {
  format: {
    type: "string",
    choices: exportFormats,
    default: "jsonl",
    help: "what the inputs are: MCAP files of one export, lines of JSON, registry traces of any kind, or message logs",
  },
  output: { type: "string", alias: "o", value: "DIR", help: "folder of the new archive" },
  codec: {
    type: "string",
    choices: codecNames,
    default: "deflate",
    help: "how batches are packed",
  },
  ...uiOption,
} as const;

export const archiveImport: Command<typeof options> = {
  name: "archive import",
  summary: "make an archive of MCAP files, lines of JSON, registry traces or message logs",
  examples: [
    {
      type: "drayage archive import --format mcap -o archive day.mcap",
      does: "a recording of another tool",
    },
    { type: "drayage archive import -o archive day.jsonl", does: "what archive export wrote" },
    {
      type: "drayage archive import --format mcl -o archive logs/20260131T120000_host",
      does: "a folder of message logs",
    },
  ],
  positionals: ["INPUT..."],
  options,
  async run({ format, output, codec, ui }, inputs, terminal) {
    if (output === undefined) throw new UsageError("archive import wants --output DIR");
    if (existsSync(output) && (!statSync(output).isDirectory() || readdirSync(output).length > 0))
      throw new UsageError(`${output} is there already and not empty: choose a new folder`);
    const line = new ProgressLine(terminal, { ui });
    const notice = (sentence: string): void => {
      line.clear();
      terminal.err.write(`${sentence}\n`);
    };
    let broken = 0;
    const missing = (records: number): void => {
      broken += records;
    };
    const items = importedItems(format as ExportFormat, inputs, { say: notice, missing });
    const { batches, events, gaps, moved } = await importArchive(toldItems(items, line), {
      directory: output,
      codec: codec as "none",
      rotateBytes: bytes(0),
      onNotice: notice,
    }).finally(() => line.end());
    const late = moved === 0 ? "" : `, ${moved} moved to be later than the one before`;
    notice(`${batches} batches${late}, ${events} events, ${gaps} gaps -> ${output}`);
    return broken > 0 ? ExitCode.operationsFailed : ExitCode.done;
  },
};

/** Tells how many have gone by. */
async function* toldItems<T>(items: AsyncIterable<T>, line: ProgressLine): AsyncGenerator<T> {
  let done = 0;
  for await (const item of items) {
    done++;
    line.show({ doing: "importing", done, total: null, unit: "batches" });
    yield item;
  }
}
