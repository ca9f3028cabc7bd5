import { UsageError } from "../core/errors.ts";
import { logFormats } from "../extract/registry-log/log-format.ts";
import { convertTrace } from "../trace/conversion/convert-trace.ts";
import type { Command } from "./command.ts";
import { toldReading } from "./trace/told-reading.ts";
import { formatOption, reportWritten, writePlan, writingOptions } from "./trace/writing-options.ts";

const options = {
  ...writingOptions,
  to: formatOption,
  from: {
    type: "string",
    choices: ["trace", ...logFormats],
    default: "trace",
    help: "what the inputs are: traces of any form, or the access log of a registry, which is masked",
  },
  "key-file": {
    type: "string",
    value: "FILE",
    help: "key by which an access log is masked, see drayage keygen",
  },
  masking: {
    type: "string",
    value: "METHOD",
    help: "how an access log is masked; none keeps its names, see docs/extract.md",
  },
  tmp: { type: "string", value: "DIR", help: "folder for temporary files" },
} as const;

export const traceConvert: Command<typeof options> = {
  name: "trace convert",
  summary: "write a trace in another form: JSON array, JSON lines, CSV, Parquet",
  examples: [
    {
      type: "drayage trace convert trace.json -o trace.parquet",
      does: "the published form to Parquet",
    },
    {
      type: "drayage trace convert 'shards/*.json' -o all.ndjson.zst",
      does: "many files to one of JSON lines, compressed",
    },
    {
      type: "drayage trace convert registry.log --from distribution -o trace.csv --key-file mask.key",
      does: "the access log of a registry to a masked trace",
    },
  ],
  positionals: ["INPUT..."],
  options,
  async run(given, inputs, terminal) {
    const plan = writePlan(given, inputs, { flag: "--to", format: given.to });
    if (given.from !== "trace") {
      const { convertLog } = await import("./trace/convert-log.ts");
      return await convertLog(plan, given, terminal);
    }
    for (const option of ["key-file", "masking"] as const) {
      if (given[option] !== undefined)
        throw new UsageError(`--${option} goes with an access log: say --from distribution`);
    }
    const written = await toldReading(given, terminal, (reading) =>
      convertTrace({ ...plan, ...reading }),
    );
    return reportWritten(written, given, terminal);
  },
};
