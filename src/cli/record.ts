import { UsageError } from "../core/errors.ts";
import { ExitCode } from "../core/exit-code.ts";
import type { Command } from "./command.ts";
import { metricsOptions } from "./metrics/metrics-options.ts";
import { exampleConfig } from "./record/example.ts";
import { loadRecordConfig, printedConfig } from "./record/record-config.ts";
import { serveRecording } from "./record/record-service.ts";

const options = {
  config: { type: "string", value: "FILE", help: "what to record and to play, JSON or YAML" },
  check: {
    type: "boolean",
    default: false,
    help: "check the configuration and print it with its defaults, then end",
  },
  "break-lock": {
    type: "boolean",
    default: false,
    help: "take over an archive whose writer was on another host that is gone",
  },
  example: {
    type: "boolean",
    default: false,
    help: "print a configuration with every key, then end",
  },
  format: {
    type: "string",
    choices: ["json", "yaml"],
    value: "FORMAT",
    help: "of --example: json (the default) or yaml, which has comments",
  },
  metrics: metricsOptions.metrics,
} as const;

export const record: Command<typeof options> = {
  name: "record",
  summary: "keep messages and registry traffic in an archive as they pass, and play it to sessions",
  examples: [
    {
      type: "drayage record --example --format yaml > record.yaml",
      does: "a configuration to begin with",
    },
    {
      type: "drayage record --config record.yaml --check",
      does: "what it means, defaults included",
    },
    { type: "drayage record --config record.yaml", does: "record until Ctrl-C" },
  ],
  options,
  async run(given, _, terminal) {
    const { config: file, check, example, format, "break-lock": breakLock, metrics } = given;
    if (example) {
      terminal.out.write(exampleConfig(format === "yaml" ? "yaml" : "json"));
      return ExitCode.done;
    }
    if (format !== undefined) throw new UsageError("--format goes with --example");
    if (file === undefined)
      throw new UsageError("config is required: drayage record --config FILE (see: --example)");
    const { config, notices } = loadRecordConfig(file, terminal.program?.config);
    for (const notice of notices) terminal.err.write(`${notice}\n`);
    if (check) {
      terminal.out.write(`${printedConfig(config)}\n`);
      return ExitCode.done;
    }
    terminal.err.write(`${printedConfig(config)}\n`);
    return serveRecording(config, { breakLock, metrics }, terminal);
  },
};
