import type { TraceFormat } from "./account.ts";
import { FAILED, JsonObjectReader, SENTINEL_BYTES } from "./json-object.ts";
import { JsonResync } from "./json-resync.ts";
import { RawRecord, type RecordSink } from "./raw-record.ts";
import type { Damage } from "./unpacking.ts";

/** Longest record. A longer one is broken (`too_long`), so that a lost quote cannot swallow a file or the memory. */
export const RECORD_BYTES_MAX: number = 1 << 20;

const QUOTE = 34;
const NEWLINE = 10;
const COMMA = 44;
const OPEN_BRACKET = 91;
const CLOSE_BRACKET = 93;
const OPEN_BRACE = 123;

/**
 * Cuts a JSON array, or objects one per line, into records.
 *
 * The owner keeps a window of the file in a buffer, calls `scan` with it and moves the bytes that were not consumed to
 * the front before reading on. The buffer has SENTINEL_BYTES to spare behind the window.
 */
export class JsonScanner {
  readonly #sink: RecordSink;
  readonly #raw: RawRecord;
  readonly #reader: JsonObjectReader;
  readonly #resync: JsonResync;
  #row = 0;
  #line = 1;
  /** Offset in the stream of the window's first byte. */
  #base: number;
  #insideArray = false;
  #resyncing = false;

  constructor(sink: RecordSink, format: TraceFormat, base: number) {
    this.#sink = sink;
    this.#raw = new RawRecord(Buffer.alloc(0));
    this.#reader = new JsonObjectReader(this.#raw);
    this.#resync = new JsonResync(format === "ndjson");
    this.#base = base;
  }

  /** Records met so far, broken ones included. */
  get rows(): number {
    return this.#row;
  }

  /** Reads what is complete in `buffer[0..length)`. Returns how many bytes are done with. */
  scan(buffer: Buffer, length: number): number {
    const consumed = this.#scan(buffer, length, false);
    this.#base += consumed;
    return consumed;
  }

  /**
   * Reads the last window. What then is left is a record that was cut off; an array must have been closed. Either, or
   * `damage` of the compressed file, counts as one broken record.
   */
  finish(buffer: Buffer, length: number, damage: Damage | undefined): void {
    const consumed = this.#scan(buffer, length, true);
    const cutOff = consumed < length && !this.#resyncing;
    if (this.#resyncing && this.#resync.previous === CLOSE_BRACKET) this.#insideArray = false;
    if (damage === undefined && !cutOff && !this.#insideArray) return;
    this.#locate(consumed);
    const part = cutOff ? "a record" : "the array";
    const { reason, message } = damage ?? {
      reason: "truncated",
      message: `the file ends inside ${part}`,
    };
    this.#sink.broken(reason, this.#raw, message);
  }

  #scan(buffer: Buffer, length: number, last: boolean): number {
    buffer.fill(QUOTE, length, length + SENTINEL_BYTES);
    let p = 0;
    while (p < length) {
      if (this.#resyncing) {
        p = this.#skipDamage(buffer, p, { length, last });
        if (this.#resyncing) return p;
        continue;
      }
      const byte = buffer[p];
      if (byte === OPEN_BRACE) {
        const behind = this.#object(buffer, p, length);
        if (behind === FAILED) return p;
        p = behind;
      } else p = this.#between(buffer, p);
    }
    return p;
  }

  /** Reads the object at `at`. Returns where to go on, or FAILED if more bytes are needed. */
  #object(buffer: Buffer, at: number, length: number): number {
    const reader = this.#reader;
    const behind = reader.read(buffer, at, length);
    if (behind !== FAILED) {
      this.#locate(at);
      this.#line += reader.newlines;
      this.#sink.take(this.#raw);
      return behind;
    }
    if (!reader.incomplete) {
      const place = `${reader.errorMessage} at byte ${this.#base + reader.errorAt}`;
      return this.#damage(at, { reason: "syntax", message: place, from: reader.errorAt }, buffer);
    }
    if (length - at < RECORD_BYTES_MAX) return FAILED;
    const message = `the record is longer than ${RECORD_BYTES_MAX} bytes`;
    reader.errorDepth = 1;
    return this.#damage(at, { reason: "too_long", message, from: at + 1 }, buffer);
  }

  /** Counts the broken record at `at` and starts to look for the next one from `from` on. */
  #damage(
    at: number,
    { reason, message, from }: { reason: string; message: string; from: number },
    buffer: Buffer,
  ): number {
    this.#locate(at);
    this.#sink.broken(reason, this.#raw, message);
    for (let p = at; p < from; p++) if (buffer[p] === NEWLINE) this.#line++;
    this.#resync.start(buffer, from, buffer[at] === OPEN_BRACE ? this.#reader.errorDepth : 0);
    this.#resyncing = true;
    return from;
  }

  #skipDamage(buffer: Buffer, at: number, window: { length: number; last: boolean }): number {
    const behind = this.#resync.skip(buffer, at, window);
    this.#line += this.#resync.newlines;
    this.#resyncing = !this.#resync.found;
    return behind;
  }

  /** Passes over one byte between records. */
  #between(buffer: Buffer, at: number): number {
    const byte = buffer[at];
    if (byte === NEWLINE) this.#line++;
    else if (byte === OPEN_BRACKET && !this.#insideArray) this.#insideArray = true;
    else if (byte === CLOSE_BRACKET && this.#insideArray) this.#insideArray = false;
    else if (byte !== COMMA && byte !== 32 && byte !== 13 && byte !== 9) {
      // A stray bracket would be found again by the search for the next record.
      const from = byte === CLOSE_BRACKET ? at + 1 : at;
      return this.#damage(at, { reason: "syntax", message: "expected an object", from }, buffer);
    }
    return at + 1;
  }

  #locate(at: number): void {
    this.#row++;
    this.#raw.row = this.#row;
    this.#raw.line = this.#line;
    this.#raw.offset = this.#base + at;
  }
}
