import { resolve } from "node:path";
import { UsageError } from "../core/errors.ts";
import { ExitCode } from "../core/exit-code.ts";
import { buildManifest } from "../registry/manifest.ts";
import { paintFor } from "../report/text-table.ts";
import { type DescribedTrace, describeTrace } from "../trace/info/describe-trace.ts";
import type { Command, OptionValues, Terminal } from "./command.ts";
import { uiOption } from "./live/ui-choice.ts";
import { writeOutput } from "./output-file.ts";
import { traceName, withArchivesRead } from "./replay/archived-traces.ts";
import { toldReading } from "./trace/told-reading.ts";
import { infoPage } from "./trace-info/info-page.ts";
import { infoText } from "./trace-info/info-text.ts";
import { profileText } from "./trace-info/profile-text.ts";

const options = {
  json: { type: "boolean", default: false, help: "print everything as JSON on standard output" },
  page: { type: "string", value: "FILE", help: "write a page with plots: one file, no network" },
  profile: {
    type: "string",
    value: "FILE",
    help: "write the figures that trace synth --profile reads",
  },
  errors: { type: "string", value: "FILE", help: "write every broken record as a line of JSON" },
  strict: { type: "boolean", default: false, help: "stop at the first broken record, exit 2" },
  tmp: { type: "string", value: "DIR", help: "directory for sorting traces larger than memory" },
  ...uiOption,
  quiet: { type: "boolean", default: false, help: "show no progress" },
} as const;

type Given = OptionValues<typeof options>;

export const traceInfo: Command<typeof options> = {
  name: "trace info",
  summary: "describe traces: what is asked for, by whom, how often and when",
  examples: [
    {
      type: "drayage trace info trace/data_centers/dal09",
      does: "everything in a folder, as text",
    },
    {
      type: "drayage trace info --page info.html --profile profile.yaml 'dal09/*.json'",
      does: "a page with plots, and a profile for a synthetic trace like it",
    },
  ],
  positionals: ["FILE..."],
  options,
  async run(given, traces, terminal) {
    refuseSameFile(given, traces);
    const files = await withArchivesRead(
      { traces },
      {
        purpose: "run",
        tmpDir: given.tmp,
        say: (line) => void (given.quiet || terminal.err.write(`${line}\n`)),
      },
    );
    const described = await describedTrace(given, files, terminal);
    tell(described, given, { traces, terminal });
    return ExitCode.done;
  },
};

function refuseSameFile({ page, profile, errors }: Given, traces: readonly string[]): void {
  const files = [page, profile, errors].filter((file) => file !== undefined);
  const taken = [...files, ...traces].map((file) => resolve(file));
  if (files.some((file, at) => taken.indexOf(resolve(file), at + 1) !== -1))
    throw new UsageError("--page, --profile and --errors want files of their own");
}

const describedTrace = (
  given: Given,
  traces: readonly string[],
  terminal: Terminal,
): Promise<DescribedTrace> =>
  toldReading(given, terminal, async (reading) => {
    const { description, ...rest } = await describeTrace({
      traces,
      strict: given.strict,
      errorsFile: given.errors,
      tmpDir: given.tmp,
      manifestFloor: smallestManifest(),
      ...reading,
    });
    // An archive by its own name, not by that of the file that was made of it.
    const files = description.files.map((file) => ({ ...file, file: traceName(file.file) }));
    return { ...rest, description: { ...description, files } };
  });

/** Bytes of a manifest that names nothing but the empty descriptor. */
const smallestManifest = (): number =>
  buildManifest({ key16: "0".repeat(16), size: 0, layers: [] }).bytes.length;

function tell(
  { description, curves, profile }: DescribedTrace,
  given: Given,
  { traces, terminal }: { readonly traces: readonly string[]; readonly terminal: Terminal },
): void {
  const { out, err, env, program } = terminal;
  program?.finished({ directory: null, results: description });
  const command = ["drayage", "trace", "info", ...traces].join(" ");
  if (given.page !== undefined)
    writeOutput(given.page, infoPage({ description, curves, command }), "--page");
  if (given.profile !== undefined)
    writeOutput(given.profile, profileText(profile, command), "--profile");
  if (given.json) out.write(`${JSON.stringify(description)}\n`);
  else {
    const isTerminal = (out as NodeJS.WritableStream & { isTTY?: boolean }).isTTY === true;
    out.write(`${infoText(description, paintFor(env, isTerminal))}\n`);
  }
  for (const file of [given.page, given.profile])
    if (file !== undefined) err.write(`wrote ${file}\n`);
}
