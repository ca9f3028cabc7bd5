import { UsageError } from "../../core/errors.ts";
import { timeOption } from "../../extract/event-time.ts";
import type {
  OutputFormat,
  SortOrder,
  TimePolicy,
  TracePlan,
  TraceVersion,
} from "../../extract/trace-plan.ts";
import type { OptionValues, Terminal } from "../command.ts";
import { version } from "../version.ts";
import { commandLine } from "./command-line.ts";
import type { extractOptions } from "./extract-options.ts";
import type { maskOptions } from "./mask-options.ts";
import { chooseMaskPolicy } from "./mask-policy-choice.ts";
import { memoryLimit } from "./memory-limit.ts";

type Given = OptionValues<typeof extractOptions>;

const DEFAULT_EPOCH = "2015-09-17T00:00:00";

/**
 * The plan of a table of events. `verb` is the command's name, `output` its positional; `sort` is what --sort said, for
 * commands that have it; `configEpoch` is `default.epoch` of the configuration.
 */
export function tracePlan(
  given: Given,
  {
    terminal,
    verb,
    output,
    sort = "none",
    configEpoch,
  }: {
    terminal: Terminal;
    verb: string;
    output: string;
    sort?: SortOrder;
    configEpoch?: string | undefined;
  },
): TracePlan {
  const notice = (line: string): void => void terminal.err.write(`${line}\n`);
  const traceVersion = given.format as TraceVersion;
  if (given["csv-quoting"] === "original" && traceVersion === "v0.3")
    throw new UsageError("--csv-quoting original is a matter of v0.2: drop it or --format v0.3");
  const format = formatOf(given);
  if (output === "-" && format === "parquet")
    throw new UsageError("Parquet is not written to standard output: name a file instead of -");
  return {
    output,
    standardOutput: terminal.out,
    version: traceVersion,
    format,
    quoting: given["csv-quoting"] === "original" ? "original" : "minimal",
    sort,
    epoch: epochOf(given.epoch, configEpoch),
    masking: chooseMaskPolicy(given, { env: terminal.env, notice }),
    uuidShape: given["uuid-shape"],
    time: timePolicy(given, "absolute"),
    memoryBytes: memoryLimit(given["memory-limit"]),
    allowLeaks: given["allow-leaks"],
    minK: given["min-k"],
    joinWith: given["join-with"],
    report: given.report,
    keepPartial: given["keep-partial"],
    verify: given.verify,
    commandLine: commandLine(given, { verb, positionals: [output] }),
    toolVersion: version,
    notice,
  };
}

function formatOf(given: Given): OutputFormat {
  const format = given["output-format"];
  if (given.jsons && format !== undefined && format !== "jsonl")
    throw new UsageError(`--jsons and --output-format ${format} contradict each other: give one`);
  return given.jsons ? "jsonl" : ((format ?? "csv") as OutputFormat);
}

function epochOf(option: string | undefined, configured: string | undefined): number {
  if (option !== undefined) return timeOption(option, "--epoch");
  return timeOption(configured ?? DEFAULT_EPOCH, "default.epoch of the configuration");
}

const SHIFT_SECONDS = /^[+-]?\d{1,11}(?:\.\d{1,6})?$/;

/** `base` is what counts without --time. */
export function timePolicy(
  given: OptionValues<typeof maskOptions>,
  base: "absolute" | "relative",
): TimePolicy {
  return {
    base: (given.time as "absolute" | "relative" | undefined) ?? base,
    shift: shiftOf(given["time-shift"]),
    roundMs: given["time-round"],
  };
}

function shiftOf(text: string | undefined): TimePolicy["shift"] {
  if (text === undefined) return { kind: "none" };
  if (text === "key" || text === "key-weeks") return { kind: text };
  if (!SHIFT_SECONDS.test(text))
    throw new UsageError(`--time-shift wants seconds, key or key-weeks, not "${text}"`);
  return { kind: "seconds", seconds: Number(text) };
}
