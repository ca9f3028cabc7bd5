import { readFileSync } from "node:fs";
import { join } from "node:path";
import { convertTrace, type WrittenTrace } from "../../../src/trace/conversion/convert-trace.ts";
import { formOf } from "../../../src/trace/conversion/trace-form.ts";

/** Every way in which a trace can be written, as the end of a file's name. */
export const suffixes = [
  "json",
  "json.gz",
  "json.zst",
  "ndjson",
  "ndjson.gz",
  "jsonl.zst",
  "csv",
  "csv.gz",
  "csv.zst",
  "parquet",
] as const;

/** Converts to a file of this name in the folder. */
export async function convert(
  folder: string,
  inputs: readonly string[],
  name: string,
): Promise<WrittenTrace> {
  const output = join(folder, name);
  const form = formOf(output, { flag: "--to", format: undefined });
  return await convertTrace({ inputs, output, form, strict: false, errorsFile: undefined });
}

/** The records of a file that is JSON lines. */
export const linesOf = (path: string): unknown[] =>
  readFileSync(path, "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line));
