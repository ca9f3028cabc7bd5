import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { CsvError, type Info, parse } from "csv-parse";
import { messageOf } from "../core/errors.ts";
import { RECORD_BYTES_MAX } from "./json-scanner.ts";
import { type Place, RawRecord, type RecordSink, Shape, traceKeys } from "./raw-record.ts";
import { recordBlock } from "./record-view.ts";

const keyNames: readonly string[] = traceKeys;

/** Reasons of broken rows by the parser's code; all others are `syntax`. */
const reasons: Readonly<Record<string, string>> = {
  CSV_QUOTE_NOT_CLOSED: "truncated",
  CSV_MAX_RECORD_SIZE: "too_long",
};

/** Values as found, with what the parser knows about the row. */
type Row = { readonly record: readonly string[]; readonly info: Info };

/**
 * Reads comma-separated values whose first row names the keys; other columns are ignored, an empty value is an absent
 * one. `base` is the offset of the first byte of `chunks` in the file. Returns the number of rows, and the columns ignored.
 */
export async function readCsv(
  chunks: AsyncIterable<Buffer>,
  sink: RecordSink,
  base: number,
): Promise<{ readonly rows: number; readonly ignored: readonly string[] }> {
  const rows = new CsvRows(sink, base);
  const parser = parse({
    info: true,
    max_record_size: RECORD_BYTES_MAX,
    relax_column_count: true,
    skip_empty_lines: true,
    skip_records_with_error: true,
    on_skip: (error) => {
      rows.skipped(error);
      return undefined;
    },
  });
  const feeding = pipeline(Readable.from(chunks), parser);
  // The failure is met below, where the rows are awaited; here it only must not count as unhandled.
  feeding.catch(() => undefined);
  try {
    for await (const row of parser) rows.take(row as Row);
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    rows.skipped(error);
  }
  return { rows: rows.count, ignored: rows.ignored };
}

class CsvRows {
  readonly #sink: RecordSink;
  readonly #base: number;
  readonly #raw = new RawRecord(Buffer.allocUnsafe(1 << 12));
  /** Field of each column, -1 for columns that mean nothing to us. */
  #columns: number[] | undefined;
  #end = 0;
  ignored: readonly string[] = [];
  count = 0;

  constructor(sink: RecordSink, base: number) {
    this.#sink = sink;
    this.#base = base;
  }

  take({ record, info }: Row): void {
    const start = this.#end;
    this.#end = info.bytes;
    if (this.#columns === undefined) {
      const names = record.map((name) => name.trim());
      this.#columns = names.map((name) => keyNames.indexOf(name));
      this.ignored = names.filter((name) => !keyNames.includes(name));
      return;
    }
    this.#locate(start, info.lines);
    if (record.length === this.#columns.length) this.#fill(record, this.#columns);
    else {
      const message = `${record.length} values where the header has ${this.#columns.length}`;
      this.#sink.broken("syntax", this.#raw, message);
    }
  }

  skipped(error: CsvError | undefined): void {
    this.#locate(this.#end, 0);
    const reason = reasons[error?.code ?? ""] ?? "syntax";
    this.#sink.broken(reason, placeOf(this.#raw, error), messageOf(error));
  }

  #locate(offset: number, line: number): void {
    this.#raw.row = ++this.count;
    this.#raw.line = line;
    this.#raw.offset = this.#base + offset;
  }

  #fill(record: readonly string[], columns: readonly number[]): void {
    const raw = this.#raw;
    const text = record.join("");
    if (text.length * 3 > raw.buffer.length)
      raw.block = recordBlock(Buffer.allocUnsafe(text.length * 6));
    raw.shapes = 0;
    raw.bytes = text.length * 3;
    let at = 0;
    for (const [column, field] of columns.entries()) {
      const value = record[column] ?? "";
      if (field === -1 || value === "") continue;
      const end = at + raw.buffer.write(value, at);
      raw.note(field, Shape.text, at, end);
      at = end;
    }
    this.#sink.take(raw);
  }
}

function placeOf({ row, line, offset }: RawRecord, error: CsvError | undefined): Place {
  const known: unknown = error === undefined ? undefined : Reflect.get(error, "lines");
  return { row, offset, line: typeof known === "number" ? known : line };
}
