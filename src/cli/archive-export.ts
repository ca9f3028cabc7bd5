import { existsSync } from "node:fs";
import { ArchiveReader } from "../archive/archive-reader.ts";
import { UsageError } from "../core/errors.ts";
import { ExitCode, strongestExit } from "../core/exit-code.ts";
import { archivePlace } from "./archive/archive-place.ts";
import {
  type BatchSelection,
  batchSelection,
  selectedItems,
  selectionOptions,
} from "./archive/batch-selection.ts";
import { type ExportFormat, exportFormats } from "./archive/export-format.ts";
import { type ExportTarget, jsonlTarget, logTarget, mcapTarget } from "./archive/export-target.ts";
import { exportTrace } from "./archive/export-trace.ts";
import type { Command, Terminal } from "./command.ts";
import { ProgressLine } from "./live/progress-line.ts";
import { uiOption } from "./live/ui-choice.ts";

const options = {
  format: {
    type: "string",
    choices: exportFormats,
    default: "jsonl",
    help: "mcap: the interchange format of recordings; jsonl: a line of JSON per batch; trace: the exchanges of a recording proxy as a registry trace; mcl: a message log",
  },
  output: {
    type: "string",
    alias: "o",
    value: "OUT",
    help: "file to write; a folder for mcl; - is standard output (jsonl); the ending says which kind of trace",
  },
  ...selectionOptions,
  ...uiOption,
} as const;

export const archiveExport: Command<typeof options> = {
  name: "archive export",
  summary: "write the batches of an archive in a form that other tools read",
  examples: [
    {
      type: "drayage archive export archive --format mcap -o day.mcap",
      does: "for tools that read MCAP",
    },
    {
      type: "drayage archive export archive --format trace -o day.json.gz",
      does: "what a recording proxy saw, as a registry trace",
    },
    {
      type: "drayage archive export archive --format mcl -o logs && drayage replay-log logs --stdout",
      does: "as a message log, which is then replayed",
    },
    {
      type: "drayage archive export archive -o - | jq .us",
      does: "lines of JSON into another program",
    },
  ],
  positionals: ["PATH"],
  options,
  async run(given, [path = "."], terminal) {
    const { format, output } = given;
    checkOutput(format, output);
    const selection = batchSelection(given);
    archivePlace(path);
    if (format === "trace") return await exportTrace(path, { output, selection }, terminal);
    const target = targetOf(format as BatchFormat, output, terminal.out);
    const line = new ProgressLine(terminal, given);
    return await exportBatches(path, { target, selection, line }, terminal).finally(() =>
      line.end(),
    );
  },
};

/** A trace is made of exchanges, the others of all batches. */
type BatchFormat = Exclude<ExportFormat, "trace">;

function checkOutput(format: string, output: string | undefined): asserts output is string {
  if (output === undefined) throw new UsageError("archive export wants --output OUT");
  const place = format === "mcl" ? "FOLDER" : `FILE.${format === "trace" ? "json" : format}`;
  if (format !== "jsonl" && output === "-")
    throw new UsageError(`standard output takes jsonl only: say -o ${place}`);
  if (existsSync(output)) throw new UsageError(`${output} is there already: choose another name`);
}

function targetOf(format: BatchFormat, output: string, out: NodeJS.WritableStream): ExportTarget {
  switch (format) {
    case "mcap":
      return mcapTarget(output);
    case "jsonl":
      return jsonlTarget(output, out);
    case "mcl":
      return logTarget(output);
    default:
      return format satisfies never;
  }
}

async function exportBatches(
  path: string,
  {
    target,
    selection,
    line,
  }: {
    readonly target: ExportTarget;
    readonly selection: BatchSelection;
    readonly line: ProgressLine;
  },
  { err }: Terminal,
): Promise<ExitCode> {
  const notice = (sentence: string): void => {
    line.clear();
    err.write(`${sentence}\n`);
  };
  const reader = await ArchiveReader.open(path, { onNotice: notice });
  const counts = { batches: 0, events: 0, gaps: 0, damaged: 0 };
  try {
    for await (const item of selectedItems(reader, selection)) {
      await target.add(item);
      if (item.kind === "batch") {
        counts.batches++;
        counts.events += item.events.length;
        line.show({ doing: "exporting", done: counts.batches, total: null, unit: "batches" });
      } else if (item.why === "damage") counts.damaged++;
      else counts.gaps++;
    }
  } finally {
    await reader.close();
  }
  const { paths, ...leftOut } = await target.close();
  const { batches, events, gaps, damaged } = counts;
  notice(`${batches} batches, ${events} events, ${gaps + damaged} gaps -> ${paths.join(", ")}`);
  if (leftOut.gaps > 0) notice("the gaps are left out: this form has no word for them");
  if (leftOut.events > 0)
    notice(`${leftOut.events} events left out: a line break in a path cannot stand in a log`);
  return strongestExit([
    ...(damaged > 0 ? [ExitCode.archiveDamaged] : []),
    ...(leftOut.events > 0 ? [ExitCode.operationsFailed] : []),
  ]);
}
