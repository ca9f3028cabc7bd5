import type { Compression } from "../account.ts";
import { type RawRecord, traceKeys } from "../raw-record.ts";
import { isFinerThanUs, publishedTime } from "../time-text.ts";
import type { LeftOutKeys } from "./left-out-keys.ts";
import { FieldReader, fieldsLine, type NativeFields } from "./native-fields.ts";
import { OutputFile } from "./output-file.ts";
import type { TraceOutput } from "./trace-output.ts";

const CHUNK_BYTES: number = 256 << 10;
const UTF8_BYTES_PER_UNIT = 3;
const NEWLINE = 10;
const RETURN = 13;
const SPACE = 32;

type TextForm = {
  readonly format: "json" | "ndjson" | "csv";
  readonly compression: Compression;
};

// What stands before the first record, between two, and behind the last.
//
//             before      between    behind, and behind nothing
//   json      [\n         ,\n        \n]\n      ]\n
//   ndjson                \n         \n
//   csv       header\n    \n         \n
const frames = {
  json: { before: "[\n", between: ",\n", behind: "\n]\n", none: "]\n" },
  ndjson: { before: "", between: "\n", behind: "\n", none: "" },
  csv: { before: `${traceKeys.join(",")}\n`, between: "\n", behind: "\n", none: "" },
} as const;

/** Writes a JSON array, JSON lines or CSV. JSON that is copied to JSON keeps its bytes, and so all keys and spellings. */
export class TextOutput implements TraceOutput {
  readonly #form: TextForm;
  readonly #file: OutputFile;
  readonly #fields = new FieldReader();
  readonly #keys: LeftOutKeys;
  #chunk: Buffer = Buffer.allocUnsafe(CHUNK_BYTES);
  #filled = 0;
  records = 0;
  roundedTimes = 0;

  constructor(path: string, form: TextForm, keys: LeftOutKeys) {
    this.#keys = keys;
    this.#form = form;
    this.#file = new OutputFile(path, form.compression);
    this.#text(frames[form.format].before);
  }

  copy(raw: RawRecord, timeUs: number): void {
    if (raw.at === -1 || this.#form.format === "csv") {
      this.#keys.note(raw);
      this.put(this.#fields.read(raw, timeUs));
      return;
    }
    this.#begin();
    const at = this.#room(raw.bytes);
    raw.buffer.copy(this.#chunk, at, raw.at, raw.at + raw.bytes);
    this.#filled += raw.bytes;
    onOneLine(this.#chunk, at, this.#filled);
  }

  put(fields: NativeFields): void {
    this.#begin();
    if (this.#form.format === "csv") this.#text(csvLine(fields));
    else this.#json(fields);
  }

  #json(fields: NativeFields): void {
    const timestamp = publishedTime(fields.timestamp, fields.timeUs);
    if (timestamp !== fields.timestamp && isFinerThanUs(fields.timestamp)) this.roundedTimes++;
    this.#text(fieldsLine({ ...fields, timestamp }));
  }

  async drain(): Promise<void> {
    await this.#file.drain();
  }

  async finish(): Promise<number> {
    const { behind, none } = frames[this.#form.format];
    this.#text(this.records === 0 ? none : behind);
    this.#flush();
    return await this.#file.finish();
  }

  discard(): void {
    this.#file.discard();
  }

  #begin(): void {
    if (this.records++ > 0) this.#text(frames[this.#form.format].between);
  }

  #text(text: string): void {
    this.#room(text.length * UTF8_BYTES_PER_UNIT);
    this.#filled += this.#chunk.write(text, this.#filled);
  }

  /** Makes room for so many bytes. Returns where it begins. */
  #room(bytes: number): number {
    if (this.#filled + bytes > this.#chunk.length) {
      this.#flush();
      this.#chunk = Buffer.allocUnsafe(Math.max(CHUNK_BYTES, bytes));
    }
    return this.#filled;
  }

  #flush(): void {
    if (this.#filled > 0) this.#file.write(this.#chunk.subarray(0, this.#filled));
    this.#chunk = this.#chunk.subarray(this.#filled);
    this.#filled = 0;
  }
}

/** Line breaks of a sound record stand between its parts only, where a blank means the same. */
function onOneLine(buffer: Buffer, from: number, to: number): void {
  for (let p = from; p < to; p++) {
    if (buffer[p] === NEWLINE || buffer[p] === RETURN) buffer[p] = SPACE;
  }
}

const NEEDS_QUOTES = /[",\r\n]/;

function cell(value: string | number | null): string {
  if (value === null) return "";
  if (typeof value === "number") return String(value);
  return NEEDS_QUOTES.test(value) ? `"${value.replaceAll('"', '""')}"` : value;
}

function csvLine(fields: NativeFields): string {
  const { host, duration, method, client, uri, userAgent, status, written, id, timestamp } = fields;
  const cells = [host, duration, method, client, uri, userAgent, status, written, id, timestamp];
  return cells.map(cell).join(",");
}
