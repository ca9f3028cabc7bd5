import type { OptionTable } from "./command.ts";
import { uiOption } from "./live/ui-choice.ts";

/** The configuration file of `warmup`, `run` and `simulate`. */
export const configOption = {
  config: {
    type: "string",
    alias: "i",
    required: true,
    value: "FILE",
    help: "configuration (YAML)",
  },
} as const satisfies OptionTable;

/** Common to all commands that work on a trace. */
export const commonReplayOptions = {
  strict: {
    type: "boolean",
    help: "stop at the first broken record of a trace, as trace.strict does",
  },
  json: {
    type: "boolean",
    default: false,
    help: "print the summary as JSON on standard output, everything else on standard error",
  },
  set: {
    type: "string",
    array: true,
    value: "KEY=VALUE",
    help: "override a key of the configuration, for example --set client_info.speed=2",
  },
  ...uiOption,
  quiet: { type: "boolean", default: false, help: "print the summary and errors only" },
} as const satisfies OptionTable;
