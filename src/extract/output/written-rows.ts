// Reads back what was written: the fields of each row as texts, for the checks. NULL is the empty text.
import { StringDecoder } from "node:string_decoder";
import type { OutputFormat } from "../trace-plan.ts";

/** The rows of a file of CSV, without its header, or of JSON lines, whose `keys` become the fields. */
export function* writtenRows(
  pieces: Iterable<Buffer>,
  { format, keys }: { format: Exclude<OutputFormat, "parquet">; keys: readonly string[] },
): Generator<readonly string[]> {
  if (format === "jsonl") {
    for (const line of linesOf(pieces)) yield jsonFields(line, keys);
    return;
  }
  let isHeader = true;
  for (const record of csvRecords(pieces)) {
    if (!isHeader) yield record;
    isHeader = false;
  }
}

/** The values of an object under these keys, as texts; absent and null are empty. */
export function jsonFields(line: string, keys: readonly string[]): readonly string[] {
  const row: unknown = JSON.parse(line);
  const values = (typeof row === "object" ? row : {}) as Readonly<Record<string, unknown>>;
  return keys.map((key) => fieldText(values[key]));
}

function fieldText(value: unknown): string {
  if (value === null || value === undefined) return "";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

export function* linesOf(pieces: Iterable<Buffer>): Generator<string> {
  const decoder = new StringDecoder("utf8");
  let rest = "";
  for (const piece of pieces) {
    const lines = (rest + decoder.write(piece)).split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
  }
  rest += decoder.end();
  if (rest !== "") yield rest;
}

/** Records of CSV with `"` as quotes; a line end within quotes belongs to its field. */
export function* csvRecords(pieces: Iterable<Buffer>): Generator<string[]> {
  let open = "";
  for (const line of linesOf(pieces)) {
    if (open === "" && !line.includes('"')) {
      yield (line.endsWith("\r") ? line.slice(0, -1) : line).split(",");
      continue;
    }
    const record = open === "" ? line : `${open}\n${line}`;
    if (hasOpenQuote(record)) {
      open = record;
      continue;
    }
    open = "";
    yield csvFields(record.endsWith("\r") ? record.slice(0, -1) : record);
  }
  if (open !== "") yield csvFields(open);
}

/** Whether a quoted field goes on in the next line. */
export function hasOpenQuote(text: string): boolean {
  let quotes = 0;
  for (let at = text.indexOf('"'); at >= 0; at = text.indexOf('"', at + 1)) quotes++;
  return quotes % 2 === 1;
}

const FIELD = /(?:"((?:[^"]|"")*)"|([^,]*))(?:,|$)/gy;

/** The fields of a record without its line end. */
export function csvFields(record: string): string[] {
  if (!record.includes('"')) return record.split(",");
  const fields: string[] = [];
  FIELD.lastIndex = 0;
  while (FIELD.lastIndex < record.length) {
    const match = FIELD.exec(record);
    // A quote in the middle of a field: what other programs wrote is taken as it stands.
    if (match === null) return record.split(",");
    fields.push(match[1]?.replaceAll('""', '"') ?? match[2] ?? "");
  }
  if (record.endsWith(",")) fields.push("");
  return fields;
}
