import { setImmediate as turn } from "node:timers/promises";
import { DrayageError, messageOf, UsageError } from "../core/errors.ts";
import type { FileAccount, TraceFormat } from "./account.ts";
import { CsvScanner } from "./csv-scanner.ts";
import { throwIfAborted } from "./interruption.ts";
import { SENTINEL_BYTES } from "./json-object.ts";
import { JsonScanner, RECORD_BYTES_MAX } from "./json-scanner.ts";
import type { RecordSink } from "./raw-record.ts";
import { FORMAT_BYTES, formatOf, markLength } from "./trace-format.ts";
import { TraceInput } from "./trace-input.ts";
import { UriListScanner } from "./uri-list-reader.ts";

/** Bytes read at once; twice this and a longest record is what reading a file costs, whatever its size. */
const CHUNK_BYTES = 256 << 10;

type Reading = {
  readonly sink: RecordSink;
  /** The format is known; records follow. */
  readonly onFile: (file: FileAccount) => void;
  readonly allowUriList: boolean;
  readonly signal: AbortSignal | undefined;
  /** Asked between pieces of the file; what it promises is waited for, so that output can hold up input. */
  readonly onChunk: (storedRead: number) => void | Promise<void>;
};

/** The part of a file that is in memory: `buffer[0..length)`, which starts at `base` of the uncompressed stream. */
type Window = { readonly buffer: Buffer; length: number };

/** Reads one file of any supported form into the sink. Memory does not depend on its size. */
export async function readTrace(path: string, reading: Reading): Promise<void> {
  const input = await openInput(path);
  try {
    const window = { buffer: allocateWindow(), length: 0 };
    let more = true;
    while (more && window.length < FORMAT_BYTES) more = (await fill(input, window)) > 0;
    const mark = markLength(window.buffer.subarray(0, window.length));
    const format = formatOf(window.buffer.subarray(mark, window.length));
    const known = knownFormat(path, format, reading.allowUriList);
    const { bytes, compression } = input;
    const file: FileAccount = { file: path, bytes, records: 0, compression, format: known };
    reading.onFile(file);
    drop(window, mark);
    const source = { input, window, base: mark };
    file.records = await readSource(source, reading, file);
  } finally {
    await input.close();
  }
}

async function openInput(path: string): Promise<TraceInput> {
  try {
    return await TraceInput.open(path);
  } catch (error) {
    throw new UsageError(`cannot read ${path}: ${messageOf(error)}`);
  }
}

const allocateWindow = (): Buffer =>
  Buffer.allocUnsafeSlow(RECORD_BYTES_MAX + CHUNK_BYTES + SENTINEL_BYTES);

function knownFormat(
  path: string,
  format: TraceFormat | undefined,
  allowUriList: boolean,
): TraceFormat {
  if (format === undefined) {
    throw new UsageError(
      `${path} is no trace: it is neither a JSON array, nor a JSON object per line, nor CSV with a header, nor Parquet`,
    );
  }
  if (format === "uri-list" && !allowUriList) {
    throw new UsageError(`${path} is a list of URIs without times: it cannot be replayed`);
  }
  return format;
}

type Source = { readonly input: TraceInput; readonly window: Window; readonly base: number };

/** Reads on. Returns how many bytes were added, 0 at the end of the file. */
async function fill(input: TraceInput, window: Window): Promise<number> {
  const room = window.buffer.length - SENTINEL_BYTES - window.length;
  const got = await readInput(input, window, Math.min(room, CHUNK_BYTES));
  window.length += got;
  return got;
}

async function readInput(input: TraceInput, window: Window, room: number): Promise<number> {
  try {
    return await input.read(window.buffer, window.length, room);
  } catch (error) {
    throw new DrayageError("storage", `cannot read ${input.path}: ${messageOf(error)}`);
  }
}

function drop(window: Window, bytes: number): void {
  window.buffer.copyWithin(0, bytes, window.length);
  window.length -= bytes;
}

async function readSource(source: Source, reading: Reading, file: FileAccount): Promise<number> {
  const { sink } = reading;
  const { base } = source;
  const { format } = file;
  switch (format) {
    case "csv": {
      const scanner = new CsvScanner(sink, base);
      const rows = await scanAll(source, reading, scanner);
      noteIgnored(file, scanner.ignored);
      return rows;
    }
    case "parquet":
      return await parseParquet(source.input, reading, file);
    case "json":
    case "ndjson":
      return await scanAll(source, reading, new JsonScanner(sink, format, base));
    case "uri-list":
      return await scanAll(source, reading, new UriListScanner(sink, base));
    default:
      return format satisfies never;
  }
}

async function parseParquet(
  { path, compression }: TraceInput,
  { sink, signal, onChunk }: Reading,
  file: FileAccount,
): Promise<number> {
  if (compression !== "none")
    throw new UsageError(`${path} is compressed Parquet: unpack it, Parquet is compressed inside`);
  // Loaded only when used: it brings a package along.
  const { readParquet } = await import("./parquet-reader.ts");
  return await readParquet(path, {
    sink,
    onIgnored: (columns) => noteIgnored(file, columns),
    onGroup: async (bytes) => {
      await onChunk(bytes);
      await turn();
      throwIfAborted(signal);
    },
  });
}

function noteIgnored(file: FileAccount, columns: readonly string[]): void {
  if (columns.length > 0) file.ignoredColumns = columns;
}

/** Cuts a window that moves through a file into records, for which it calls its sink. */
type Scanner = Pick<JsonScanner, "scan" | "finish" | "rows">;

async function scanAll(
  { input, window }: Source,
  reading: Reading,
  scanner: Scanner,
): Promise<number> {
  do {
    drop(window, scanner.scan(window.buffer, window.length));
    await betweenChunks(input, reading);
  } while ((await fill(input, window)) > 0);
  scanner.finish(window.buffer, window.length, input.damage);
  return scanner.rows;
}

/** Lets timers and signals in: a large trace is read in one go otherwise. */
async function betweenChunks(input: TraceInput, { onChunk, signal }: Reading): Promise<void> {
  await onChunk(input.storedRead);
  await turn();
  throwIfAborted(signal);
}
