import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { messageOf, UsageError } from "../../core/errors.ts";
import { ExitCode, strongestExit } from "../../core/exit-code.ts";
import { convertTrace, type WriteOptions } from "../../trace/conversion/convert-trace.ts";
import type { OptionValues, Terminal } from "../command.ts";
import { extractRegistryLogVerb } from "../extract-registry-log.ts";
import { parseArguments } from "../parser.ts";
import { toldReading } from "./told-reading.ts";
import { reportWritten, type writingOptions } from "./writing-options.ts";

type Given = OptionValues<typeof writingOptions> & {
  readonly from: string;
  readonly "key-file": string | undefined;
  readonly masking: string | undefined;
  readonly tmp: string | undefined;
};

/**
 * Converts access logs: what `extract registry-log` makes of them, by way of a temporary file, which is masked already.
 * Whoever wants more of its choices calls it, and converts its output.
 */
export async function convertLog(
  plan: Omit<WriteOptions, "signal">,
  given: Given,
  terminal: Terminal,
): Promise<ExitCode> {
  if (given.errors !== undefined)
    throw new UsageError(
      "--errors goes with traces; what cannot be read of a log is counted by reason",
    );
  const folder = temporaryFolder(given.tmp);
  try {
    const extracted = join(folder, "trace.ndjson");
    const { options, positionals } = parseArguments(extractRegistryLogVerb, {
      args: extractArguments(given, plan.inputs, extracted),
      env: terminal.env,
    });
    const exit = await extractRegistryLogVerb.run(options, positionals, terminal);
    const written = await toldReading(given, terminal, (reading) =>
      convertTrace({ ...plan, inputs: [extracted], ...reading }),
    );
    const converted = reportWritten(written, given, terminal);
    const forgiven = given["allow-failures"] && exit === ExitCode.operationsFailed;
    return strongestExit([forgiven ? ExitCode.done : exit, converted]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function extractArguments(given: Given, inputs: readonly string[], out: string): string[] {
  const valued = Object.entries({
    from: given.from,
    out,
    to: "jsonl",
    "key-file": given["key-file"],
    masking: given.masking,
    ui: given.quiet ? "none" : given.ui,
  }).flatMap(([name, value]) => (value === undefined ? [] : [`--${name}=${value}`]));
  return [...valued, ...(given.strict ? ["--strict"] : []), "--", ...inputs];
}

function temporaryFolder(parent: string = tmpdir()): string {
  try {
    return mkdtempSync(join(parent, "drayage-convert-"));
  } catch (error) {
    throw new UsageError(`cannot write to --tmp ${parent}: ${messageOf(error)}`);
  }
}
