import { ExitCode } from "../core/exit-code.ts";
import { accountLine, brokenLines } from "../trace/account.ts";
import {
  type FileValidation,
  type Finding,
  type Findings,
  type TraceValidation,
  validateTrace,
} from "../trace/conversion/validate-trace.ts";
import { timeText } from "../trace/time-text.ts";
import type { Command } from "./command.ts";
import { toldReading } from "./trace/told-reading.ts";
import { readingOptions } from "./trace/writing-options.ts";

const options = {
  ...readingOptions,
  ordered: {
    type: "boolean",
    default: false,
    help: "records out of order are a failure, too; published traces are not in order",
  },
  unique: { type: "boolean", default: false, help: "ids that come twice are a failure, too" },
  json: { type: "boolean", default: false, help: "print the findings as JSON" },
} as const;

export const traceValidate: Command<typeof options> = {
  name: "trace validate",
  summary: "check every record of a trace: what is broken, where and why",
  examples: [
    {
      type: "drayage trace validate 'trace/*.json'",
      does: "exit 0 if a replay could use every record",
    },
    {
      type: "drayage trace validate trace.csv --errors broken.ndjson --json",
      does: "all broken records as data",
    },
  ],
  positionals: ["FILE..."],
  options,
  async run(given, inputs, terminal) {
    const { strict, errors: errorsFile, ordered, unique } = given;
    const found = await toldReading(given, terminal, (reading) =>
      validateTrace({ inputs, strict, errorsFile, ...reading }),
    );
    const failures = failuresOf(found, { ordered, unique });
    const isValid = failures.length === 0;
    terminal.out.write(
      given.json ? `${json(found, isValid)}\n` : `${text(found, failures).join("\n")}\n`,
    );
    return isValid ? ExitCode.done : ExitCode.usage;
  },
};

/** What makes the trace invalid, a phrase each. */
function failuresOf(
  { account, unordered, duplicates }: TraceValidation,
  { ordered, unique }: { readonly ordered: boolean; readonly unique: boolean },
): string[] {
  const broken = account.read - account.kept;
  return [
    ...(broken > 0 ? [counted(broken, "broken record")] : []),
    ...(ordered && unordered.count > 0
      ? [`${counted(unordered.count, "record")} out of order`]
      : []),
    ...(unique && duplicates.count > 0 ? [`${counted(duplicates.count, "repeated id")}`] : []),
  ];
}

function text(found: TraceValidation, failures: readonly string[]): string[] {
  const { account, files, unordered, duplicates } = found;
  const defaulted = Object.entries(account.defaulted).map(
    ([key, count]) => `  ${key}: absent in ${counted(count, "record")}`,
  );
  return [
    ...brokenLines(account),
    ...findingLines(unordered, "out of order"),
    ...findingLines(duplicates, "its id came before"),
    ...files.map(fileLine),
    accountLine(account),
    ...defaulted,
    failures.length === 0 ? "valid" : `NOT VALID: ${failures.join(", ")}`,
  ];
}

function findingLines({ count, first }: Findings, what: string): string[] {
  const shown = first.slice(0, SHOWN_MAX);
  const lines = shown.map((finding) => `${placeOf(finding)}: ${what}`);
  if (count > shown.length) lines.push(`… ${what}: ${count.toLocaleString("en-US")} in all`);
  return lines;
}

/** Places of each kind that are printed; more of them are in the JSON. */
const SHOWN_MAX = 3;

const placeOf = ({ file, row, line, offset }: Finding): string =>
  `${file}: record ${row}, line ${line}, byte ${offset}`;

function fileLine({ file, sound, unordered, duplicates, firstUs, lastUs }: FileValidation): string {
  const span =
    firstUs === null || lastUs === null ? "" : `, ${timeText(firstUs)} to ${timeText(lastUs)}`;
  const order = unordered === 0 ? "in order" : `${unordered.toLocaleString("en-US")} out of order`;
  return `${file}: ${counted(sound, "sound record")}, ${order}, ${counted(duplicates, "repeated id")}${span}`;
}

function json({ account, files, unordered, duplicates }: TraceValidation, valid: boolean): string {
  const { read, kept: sound, broken, brokenSamples, defaulted } = account;
  const perFile = files.map(({ firstUs, lastUs, ...file }, index) => ({
    ...account.files[index],
    ...file,
    first: firstUs === null ? null : timeText(firstUs),
    last: lastUs === null ? null : timeText(lastUs),
  }));
  const counts = { valid, read, sound, broken, brokenSamples, unordered, duplicates, defaulted };
  return JSON.stringify({ ...counts, files: perFile });
}

const counted = (count: number, what: string): string =>
  `${count.toLocaleString("en-US")} ${what}${count === 1 ? "" : "s"}`;
