import type { OptionTable } from "../command.ts";

/** Reading of traces. */
export const traceReadingOptions = {
  tmp: { type: "string", value: "DIR", help: "directory for sorting traces larger than memory" },
  errors: {
    type: "string",
    value: "FILE",
    help: "write every broken record of the trace (NDJSON)",
  },
} as const satisfies OptionTable;

/** How a replay ends. */
export const endOptions = {
  out: { type: "string", value: "DIR", help: "run directory; a new one below runs if absent" },
  "allow-invalid": {
    type: "boolean",
    default: false,
    help: "exit 0 also when the figures cannot be trusted",
  },
  "allow-failures": {
    type: "boolean",
    default: false,
    help: "exit 0 also when operations failed",
  },
} as const satisfies OptionTable;

/** `--set` in the order given, and `--strict` or `--no-strict`, which say the same as a key. */
export const overridesOf = ({
  set,
  strict,
}: {
  readonly set: readonly string[];
  readonly strict: boolean | undefined;
}): readonly string[] => (strict === undefined ? set : [...set, `trace.strict=${strict}`]);
