import { resolve } from "node:path";
import { UsageError } from "../../core/errors.ts";
import { ExitCode } from "../../core/exit-code.ts";
import { brokenLines } from "../../trace/account.ts";
import type { WriteOptions, WrittenTrace } from "../../trace/conversion/convert-trace.ts";
import type { SliceCounts } from "../../trace/conversion/selection.ts";
import { formOf, type WrittenFormat, writtenFormats } from "../../trace/conversion/trace-form.ts";
import type { Option, OptionTable, OptionValues, Terminal } from "../command.ts";
import { uiOption } from "../live/ui-choice.ts";

/** Common to what reads traces record by record. */
export const readingOptions = {
  strict: { type: "boolean", default: false, help: "stop at the first broken record" },
  errors: {
    type: "string",
    value: "FILE",
    help: "write every broken record, one JSON object a line",
  },
  ...uiOption,
  quiet: { type: "boolean", default: false, help: "show no progress" },
} as const satisfies OptionTable;

/** Common to what writes the records of traces to a file. */
export const writingOptions = {
  out: {
    type: "string",
    alias: "o",
    required: true,
    value: "FILE",
    help: "where to; .json, .ndjson, .csv or .parquet says what, .gz or .zst behind it compresses",
  },
  ...readingOptions,
  "allow-failures": {
    type: "boolean",
    default: false,
    help: "exit 0 also when broken records were left out",
  },
  json: { type: "boolean", default: false, help: "print what was written as JSON" },
} as const satisfies OptionTable;

/** The option that says what to write: `--to` of convert, `--format` of slice, whose `--to` is a time. */
export const formatOption = {
  type: "string",
  choices: writtenFormats,
  help: "what to write, if the name of the file does not say it",
} as const satisfies Option;

type Given = OptionValues<typeof writingOptions>;

/** What to write, and where to. */
export function writePlan(
  { out, errors, strict }: Given,
  inputs: readonly string[],
  { flag, format }: { readonly flag: string; readonly format: string | undefined },
): Omit<WriteOptions, "signal"> {
  if (errors !== undefined && resolve(errors) === resolve(out))
    throw new UsageError("--out and --errors want files of their own");
  const form = formOf(out, { flag, format: format as WrittenFormat | undefined });
  return { inputs, output: out, form, strict, errorsFile: errors };
}

/** What `--json` prints. */
export type WrittenResults = Pick<
  WrittenTrace,
  "path" | "records" | "bytes" | "leftOutKeys" | "roundedTimes"
> &
  WrittenTrace["form"] &
  Pick<WrittenTrace["account"], "read" | "broken" | "brokenSamples" | "defaulted" | "files"> & {
    readonly left: SliceCounts | Readonly<Record<string, number>>;
  };

type Written = WrittenTrace & { readonly left?: SliceCounts };

/** Says what was written and what was not. Returns how to exit: records that were broken are missing in the file. */
export function reportWritten(
  written: Written,
  given: Omit<Given, "ui" | "quiet">,
  { out, err, program }: Terminal,
): ExitCode {
  const { path, form, records, bytes, roundedTimes, leftOutKeys, account, left = {} } = written;
  const { read, broken, brokenSamples, defaulted, files, kept } = account;
  const missing = read - kept + (left.too_long ?? 0);
  const lines = [...brokenLines(account), ...counts(written)];
  err.write(`${lines.join("\n")}\n`);
  const results: WrittenResults = {
    path,
    ...form,
    ...{ records, bytes, read, left, broken, brokenSamples },
    ...{ leftOutKeys, roundedTimes, defaulted, files },
  };
  program?.finished({ directory: null, results });
  if (given.json) out.write(`${JSON.stringify(results)}\n`);
  return missing > 0 && !given["allow-failures"] ? ExitCode.operationsFailed : ExitCode.done;
}

function counts(written: Written): string[] {
  const { path, form, records, bytes, account, left = {} } = written;
  const { format, compression } = form;
  const packed = compression === "none" ? format : `${format}, ${compression}`;
  const broken = Object.entries(account.broken).map(([reason, count]) => [
    `broken:${reason}`,
    count,
  ]);
  const parts = [...Object.entries(left), ...broken] as [string, number][];
  const without = parts.length === 0 ? "" : `; left out: ${listed(parts)}`;
  return [
    `${path}  ${packed}, ${counted(records)} ${records === 1 ? "record" : "records"}, ${counted(bytes)} bytes, of ${counted(account.read)} read${without}`,
    ...notices(written),
  ];
}

/** What of the records that were written is not in the file. */
function notices({ roundedTimes, leftOutKeys, account }: Written): string[] {
  const lines: string[] = [];
  if (roundedTimes > 0)
    lines.push(`notice: ${counted(roundedTimes)} times finer than a microsecond were cut`);
  const keys = Object.entries(leftOutKeys);
  if (keys.length > 0)
    lines.push(`notice: keys that are not written, with records: ${listed(keys)}`);
  for (const { file, ignoredColumns } of account.files) {
    if (ignoredColumns !== undefined)
      lines.push(
        `notice: ${file}: columns that are not read: ${ignoredColumns.map(named).join(", ")}`,
      );
  }
  return lines;
}

/** Spreadsheets leave the name of a column of row numbers empty. */
const named = (column: string): string => (column === "" ? "one without a name" : column);

const listed = (counts: readonly (readonly [string, number])[]): string =>
  counts.map(([what, count]) => `${what} ${counted(count)}`).join(", ");

const counted = (count: number): string => count.toLocaleString("en-US");
