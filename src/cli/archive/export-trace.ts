import { rmSync } from "node:fs";
import { join } from "node:path";
import type { ExitCode } from "../../core/exit-code.ts";
import { sliceTrace } from "../../trace/conversion/slice-trace.ts";
import { formOf } from "../../trace/conversion/trace-form.ts";
import type { Terminal } from "../command.ts";
import { temporaryFolder, writeArchivedTrace } from "../replay/archived-traces.ts";
import { interruptible } from "../trace/interruptible.ts";
import { reportWritten } from "../trace/writing-options.ts";
import type { BatchSelection } from "./batch-selection.ts";

/**
 * Writes the exchanges of an archive as a registry trace in order of arrival, which is also the order in which replays want
 * them. They are sorted through a temporary file, since an archive has them in the order of their ends. UsageError for an
 * archive without exchanges.
 */
export async function exportTrace(
  directory: string,
  { output, selection }: { readonly output: string; readonly selection: BatchSelection },
  terminal: Terminal,
): Promise<ExitCode> {
  const form = formOf(output, { flag: "-o FILE", format: undefined });
  const folder = temporaryFolder(undefined);
  try {
    const unsorted = join(folder, "exchanges.ndjson");
    const named = { name: directory, archive: { directory, ...selection } };
    const say = (sentence: string): void => void terminal.err.write(`${sentence}\n`);
    await writeArchivedTrace(unsorted, named, { purpose: "run", say });
    const written = await interruptible((signal) =>
      sliceTrace({ ...wholeTrace, inputs: [unsorted], output, form, tmpDir: folder, signal }),
    );
    return reportWritten(written, { ...reporting, out: output }, terminal);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** All records of a trace, by their arrival. */
export const wholeTrace = {
  arrival: "timestamp",
  strict: false,
  errorsFile: undefined,
  limit: undefined,
  window: {},
  clients: undefined,
  sample: undefined,
  seed: "",
  dedupe: false,
} as const;

const reporting = {
  strict: false,
  errors: undefined,
  "allow-failures": false,
  json: false,
} as const;
