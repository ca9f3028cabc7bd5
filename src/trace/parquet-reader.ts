import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from "node:zlib";
import {
  type AsyncBuffer,
  type FileMetaData,
  parquetMetadataAsync,
  parquetRead,
  parquetSchema,
} from "hyparquet";
import { messageOf, UsageError } from "../core/errors.ts";
import { Field, RawRecord, type RecordSink, Shape, traceKeys } from "./raw-record.ts";
import { recordBlock } from "./record-view.ts";
import { timeText } from "./time-text.ts";

/** Largest row group, unpacked: it is held in memory as a whole. Usual are 1 to 128 MiB. */
const ROW_GROUP_BYTES_MAX: number = 1 << 30;
const NS_PER_US = 1000n;
const UTF8_BYTES_PER_UNIT = 3;

type Reading = {
  readonly sink: RecordSink;
  readonly onIgnored: (columns: readonly string[]) => void;
  /** Awaited after each row group, with the bytes of the file that are done with. */
  readonly onGroup: (bytes: number) => Promise<void>;
};

/** Codecs besides those that the parser brings along. */
const compressors = {
  GZIP: (input: Uint8Array) => gunzipSync(input),
  ZSTD: (input: Uint8Array) => zstdDecompressSync(input),
  BROTLI: (input: Uint8Array) => brotliDecompressSync(input),
};

/**
 * Times as texts of the native format: a Date would lose what is finer than a millisecond. Texts byte by byte: the parser's
 * own way drops a byte order mark.
 */
const parsers = {
  stringFromBytes: ({ buffer, byteOffset, length }: Uint8Array) =>
    Buffer.from(buffer, byteOffset, length).toString("utf8"),
  timestampFromMilliseconds: (ms: bigint) => timeText(Number(ms) * 1000),
  timestampFromMicroseconds: (us: bigint) => timeText(Number(us)),
  timestampFromNanoseconds: nanosText,
};

/**
 * Reads a Parquet file whose columns are named as the keys of the native format, row group by row group; other columns
 * are not looked at, NULL is an absent value. A row has no place in bytes, so its offset is 0 and its line its number.
 * Returns the number of rows.
 */
export async function readParquet(
  path: string,
  { sink, onIgnored, onGroup }: Reading,
): Promise<number> {
  const descriptor = openSync(path, "r");
  try {
    const file = fileBuffer(descriptor);
    const metadata = await metadataOf(path, file);
    const columns = knownColumns(path, metadata);
    onIgnored(columnNames(metadata).filter((name) => !columns.includes(name)));
    const rows = new ParquetRows(sink, columns);
    let rowStart = 0;
    for (const [group, { num_rows, total_byte_size }] of metadata.row_groups.entries()) {
      if (total_byte_size > ROW_GROUP_BYTES_MAX) throw new UsageError(tooLarge(path, group));
      const rowEnd = rowStart + Number(num_rows);
      const range = { file, metadata, columns, rowStart, rowEnd };
      const read = await readRows(range);
      if (typeof read === "string") rows.lose(range, read);
      else for (const row of read) rows.take(row);
      rowStart = rowEnd;
      await onGroup(Math.floor((file.byteLength * (group + 1)) / metadata.row_groups.length));
    }
    return rows.count;
  } finally {
    closeSync(descriptor);
  }
}

const tooLarge = (path: string, group: number): string =>
  `${path}: row group ${group + 1} takes more than ${ROW_GROUP_BYTES_MAX} bytes of memory: write the file with smaller row groups`;

function fileBuffer(descriptor: number): AsyncBuffer {
  const byteLength = fstatSync(descriptor).size;
  return {
    byteLength,
    slice: (start, end = byteLength) => {
      const bytes = new Uint8Array(end - start);
      for (let at = 0; at < bytes.length; ) {
        const got = readSync(descriptor, bytes, at, bytes.length - at, start + at);
        if (got === 0) throw new RangeError("the file ends early");
        at += got;
      }
      return bytes.buffer;
    },
  };
}

async function metadataOf(path: string, file: AsyncBuffer): Promise<FileMetaData> {
  try {
    return await parquetMetadataAsync(file);
  } catch (error) {
    throw new UsageError(`${path} begins like Parquet but cannot be read: ${messageOf(error)}`);
  }
}

const columnNames = (metadata: FileMetaData): string[] =>
  parquetSchema(metadata).children.map(({ element }) => element.name);

function knownColumns(path: string, metadata: FileMetaData): string[] {
  const names = columnNames(metadata);
  const missing = [Field.method, Field.uri, Field.timestamp]
    .map((field) => traceKeys[field])
    .filter((key) => !names.includes(key));
  if (missing.length > 0)
    throw new UsageError(`${path} is no trace: it has no column ${missing.join(", ")}`);
  return traceKeys.filter((key) => names.includes(key));
}

type RowRange = {
  readonly file: AsyncBuffer;
  readonly metadata: FileMetaData;
  readonly columns: string[];
  readonly rowStart: number;
  readonly rowEnd: number;
};

/** The rows, or why they cannot be read. */
async function readRows(range: RowRange): Promise<readonly (readonly unknown[])[] | string> {
  let rows: readonly (readonly unknown[])[] = [];
  try {
    await parquetRead({
      ...range,
      compressors,
      parsers,
      onComplete: (read: readonly (readonly unknown[])[]) => {
        rows = read;
      },
    });
  } catch (error) {
    return messageOf(error);
  }
  return rows;
}

/** Lays out rows as the readers of text do, so that they are judged alike. */
class ParquetRows {
  readonly #sink: RecordSink;
  readonly #fields: readonly number[];
  readonly #raw = new RawRecord(Buffer.allocUnsafe(1 << 12));
  count = 0;

  constructor(sink: RecordSink, columns: readonly string[]) {
    this.#sink = sink;
    const keys: readonly string[] = traceKeys;
    this.#fields = columns.map((column) => keys.indexOf(column));
  }

  /** A row group that is damaged counts as one broken record, as the damaged rest of a compressed file does. */
  lose({ rowStart, rowEnd }: RowRange, why: string): void {
    const place = { row: rowStart + 1, line: rowStart + 1, offset: 0 };
    this.#sink.broken("damaged", place, `rows ${rowStart + 1} to ${rowEnd} cannot be read: ${why}`);
    this.count = rowEnd;
  }

  take(row: readonly unknown[]): void {
    const raw = this.#raw;
    const values = row.map(textOf);
    const units = values.reduce((sum, value) => sum + (value?.length ?? 0), 0);
    if (units * UTF8_BYTES_PER_UNIT > raw.buffer.length)
      raw.block = recordBlock(Buffer.allocUnsafe(units * UTF8_BYTES_PER_UNIT * 2));
    raw.shapes = 0;
    raw.bytes = units * UTF8_BYTES_PER_UNIT;
    raw.row = raw.line = ++this.count;
    let at = 0;
    for (const [column, field] of this.#fields.entries()) {
      const value = values[column];
      if (value === undefined) continue;
      const end = at + raw.buffer.write(value, at);
      const given = row[column];
      if (typeof given === "number" || typeof given === "bigint")
        raw.noteNumber(field, Number(given), at, end);
      else raw.note(field, typeof given === "string" ? Shape.text : Shape.other, at, end);
      at = end;
    }
    this.#sink.take(raw);
  }
}

function textOf(value: unknown): string | undefined {
  if (value === null || value === undefined) return undefined;
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

function nanosText(ns: bigint): string {
  const rest = ((ns % NS_PER_US) + NS_PER_US) % NS_PER_US;
  const us = Number((ns - rest) / NS_PER_US);
  if (rest === 0n) return timeText(us);
  const second = new Date(Math.floor(us / 1000)).toISOString().slice(0, 20);
  const digits = String(((us % 1_000_000) + 1_000_000) % 1_000_000).padStart(6, "0");
  return `${second}${digits}${String(rest).padStart(3, "0")}Z`;
}
