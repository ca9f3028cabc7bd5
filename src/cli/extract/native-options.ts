import { join } from "node:path";
import { parseSize } from "../../embedded/quantity.ts";
import type { ScannedColumn } from "../../extract/masking/leak-scan.ts";
import type { MaskPolicy } from "../../extract/masking/mask-policy.ts";
import type { FieldFate } from "../../extract/output/manifest.ts";
import type { NativePlan } from "../../extract/output/native-trace.ts";
import type { OptionTable, OptionValues, Terminal } from "../command.ts";
import { version } from "../version.ts";
import { commandLine } from "./command-line.ts";
import { maskOptions } from "./mask-options.ts";
import { timePolicy } from "./trace-plan.ts";

/** Common to what writes a registry trace. */
export const nativeOptions = {
  out: {
    type: "string",
    alias: "o",
    required: true,
    value: "FILE",
    help: "the trace; - is standard output",
  },
  to: {
    type: "string",
    choices: ["json", "jsonl"],
    default: "json",
    help: "one array as in the published traces, or a record on each line",
  },
  "strict-ibm": {
    type: "boolean",
    default: false,
    help: "only the keys of the published traces, none of drayage's own",
  },
  "memory-limit": {
    type: "string",
    default: "256MiB",
    value: "SIZE",
    help: "for sorting and for distinct values; what exceeds it goes to disk",
  },
  report: { type: "string", value: "FILE", help: "write the uniqueness and leak report" },
  "keep-partial": {
    type: "boolean",
    default: false,
    help: "keep the unfinished file after an error",
  },
  verify: {
    type: "string",
    value: "MANIFEST",
    help: "write nothing; compare the hash of the result with the one of this manifest",
  },
  ...maskOptions,
} as const satisfies OptionTable;

type Given = OptionValues<typeof nativeOptions>;

/** What all traces in the native format have in common. `base` is what counts without --time. */
export function nativePlan(
  given: Given,
  rest: {
    readonly terminal: Terminal;
    readonly verb: string;
    readonly positionals: readonly string[];
    readonly masking: MaskPolicy;
    readonly base: "absolute" | "relative";
    readonly fields: readonly FieldFate[];
    readonly scanned: readonly ScannedColumn[];
    readonly shownAgent?: (agent: string) => string;
  },
): NativePlan {
  const { terminal, verb, positionals, masking, fields, scanned } = rest;
  return {
    output: given.out === "-" ? "-" : join(given.out),
    standardOutput: terminal.out,
    encoding: given.to === "jsonl" ? "jsonl" : "json",
    extraKeys: !given["strict-ibm"],
    masking,
    time: timePolicy(given, rest.base),
    memoryBytes: parseSize(given["memory-limit"], "--memory-limit"),
    allowLeaks: given["allow-leaks"],
    minK: given["min-k"],
    report: given.report,
    verify: given.verify,
    keepPartial: given["keep-partial"],
    commandLine: commandLine(given, { verb, positionals }),
    toolVersion: version,
    notice: (line) => void terminal.err.write(`${line}\n`),
    fields,
    scanned,
    shownAgent: rest.shownAgent ?? ((agent) => agent),
  };
}
