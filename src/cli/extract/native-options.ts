import { UsageError } from "../../core/errors.ts";
import type { ScannedColumn } from "../../extract/masking/leak-scan.ts";
import type { MaskPolicy } from "../../extract/masking/mask-policy.ts";
import type { FieldFate } from "../../extract/output/manifest.ts";
import type { NativePlan } from "../../extract/output/native-trace.ts";
import type { OptionTable, OptionValues, Terminal } from "../command.ts";
import { uiOption } from "../live/ui-choice.ts";
import { version } from "../version.ts";
import { commandLine } from "./command-line.ts";
import { maskOptions } from "./mask-options.ts";
import { memoryLimit } from "./memory-limit.ts";
import { timePolicy } from "./trace-plan.ts";

/** Common to what writes a file of requests. */
export const outputOptions = {
  ...uiOption,
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
  "shard-hours": {
    type: "number",
    integer: true,
    min: 1,
    max: 24,
    value: "H",
    help: "a file for every H hours, which divide a day; FILE is their prefix: FILE-logstash-YYYY.MM.DD-N.json",
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
} as const satisfies OptionTable;

/** Common to what writes a masked registry trace. */
export const nativeOptions = {
  ...outputOptions,
  report: { type: "string", value: "FILE", help: "write the uniqueness and leak report" },
  ...maskOptions,
} as const satisfies OptionTable;

type Given = OptionValues<typeof nativeOptions>;

type Surroundings = {
  readonly terminal: Terminal;
  readonly verb: string;
  readonly positionals: readonly string[];
  readonly fields: readonly FieldFate[];
  readonly scanned: readonly ScannedColumn[];
};

/** What a masked trace in the native format needs. `base` is what counts without --time. */
export function nativePlan(
  given: Given,
  rest: Surroundings & {
    readonly masking: MaskPolicy;
    readonly base: "absolute" | "relative";
    readonly shownAgent?: (agent: string) => string;
  },
): NativePlan {
  return {
    ...plainNativePlan(given, rest),
    masking: rest.masking,
    time: timePolicy(given, rest.base),
    allowLeaks: given["allow-leaks"],
    minK: given["min-k"],
    report: given.report,
    shownAgent: rest.shownAgent ?? ((agent) => agent),
  };
}

/** A trace whose names are masked already, or invented. */
export function plainNativePlan(
  given: OptionValues<typeof outputOptions>,
  { terminal, verb, positionals, fields, scanned }: Surroundings,
): NativePlan {
  return {
    output: given.out,
    standardOutput: terminal.out,
    encoding: given.to === "jsonl" ? "jsonl" : "json",
    shardHours: shardHours(given),
    extraKeys: !given["strict-ibm"],
    masking: { method: "none" },
    time: { base: "absolute", shift: { kind: "none" }, roundMs: 0 },
    memoryBytes: memoryLimit(given["memory-limit"]),
    allowLeaks: [],
    minK: 0,
    report: undefined,
    verify: given.verify,
    keepPartial: given["keep-partial"],
    commandLine: commandLine(given, { verb, positionals }),
    toolVersion: version,
    notice: (line) => void terminal.err.write(`${line}\n`),
    fields,
    scanned,
    shownAgent: (agent) => agent,
  };
}

const HOURS_PER_DAY = 24;

function shardHours(given: OptionValues<typeof outputOptions>): number | undefined {
  const hours = given["shard-hours"];
  if (hours === undefined) return undefined;
  if (HOURS_PER_DAY % hours !== 0)
    throw new UsageError(
      `--shard-hours ${hours} does not divide a day: choose from 1, 2, 3, 4, 6, 8, 12, 24`,
    );
  if (given.out === "-")
    throw new UsageError("--shard-hours writes several files: give -o their prefix instead of -");
  return hours;
}
