// Cuts comma-separated values into rows: looks at every byte of a trace once, makes no string of a sound row.
//
//             quote     comma     line end   other      end of the file
//   start     quoted    start     row        plain      row
//   plain     broken    start     row        plain      row
//   quoted    closed    quoted    quoted     quoted     broken
//   closed    quoted    start     row        broken     row
//
// A row that breaks these rules ends with its first line: a quote too many or too few costs one row, not those behind it.

import { SENTINEL_BYTES } from "./json-object.ts";
import { RECORD_BYTES_MAX } from "./json-scanner.ts";
import { RawRecord, type RecordSink, Shape, traceKeys } from "./raw-record.ts";
import { recordBlock } from "./record-view.ts";
import type { Damage } from "./unpacking.ts";

const QUOTE = 34;
const COMMA = 44;
const NEWLINE = 10;
const RETURN = 13;

/** Bytes that a value without quotes does not have. */
const ends = new Uint8Array(256);
for (const byte of [QUOTE, COMMA, NEWLINE, RETURN]) ends[byte] = 1;

/** Instead of a position: the row does not end in the window, or breaks the rules: see `#fault`. */
const OPEN = -1;
const BROKEN = -2;

const FIELDS_AT_FIRST = 64;
const keyNames: readonly string[] = traceKeys;

type Window = { readonly length: number; readonly last: boolean };
/** `cutOff`: it ends with the file, and not with a line. */
type Row = { readonly at: number; readonly behind: number; readonly cutOff: boolean };

/**
 * Reads rows whose first one names the keys; other columns are ignored, an empty value is an absent one. The owner keeps the
 * window as for JsonScanner. Source: RFC 4180; lines may also end in a line feed or a carriage return alone.
 */
export class CsvScanner {
  readonly #sink: RecordSink;
  readonly #raw = new RawRecord(Buffer.alloc(0));
  /** Field of each column, -1 for columns that mean nothing to us. */
  #columns: readonly number[] | undefined;
  /** Where the values of the row at hand stand, without their quotes, and whether there are doubled quotes in them. */
  #from = new Int32Array(FIELDS_AT_FIRST);
  #to = new Int32Array(FIELDS_AT_FIRST);
  #doubled = new Uint8Array(FIELDS_AT_FIRST);
  #count = 0;
  /** Whether any of them stood in quotes, and so may span lines. */
  #quotes = false;
  #fault = "";
  #base: number;
  #line = 1;
  /** Inside a line that is passed over. */
  #skipping = false;
  /** Columns that are not read. */
  ignored: readonly string[] = [];
  rows = 0;

  constructor(sink: RecordSink, base: number) {
    this.#sink = sink;
    this.#base = base;
  }

  /** Reads what is complete in `buffer[0..length)`. Returns how many bytes are done with. */
  scan(buffer: Buffer, length: number): number {
    const consumed = this.#scan(buffer, { length, last: false });
    this.#base += consumed;
    return consumed;
  }

  /** Reads the last window, whose last row needs no line end. Of a damaged file it is one that was cut off. */
  finish(buffer: Buffer, length: number, damage: Damage | undefined): void {
    const consumed = this.#scan(buffer, { length, last: damage === undefined });
    if (damage === undefined) return;
    this.#locate(consumed);
    this.#sink.broken(damage.reason, this.#raw, damage.message);
  }

  #scan(buffer: Buffer, window: Window): number {
    const { length } = window;
    buffer.fill(QUOTE, length, length + SENTINEL_BYTES);
    let at = 0;
    while (at < length) {
      if (this.#skipping) at = this.#skip(buffer, at, length);
      else {
        const behind = this.#row(buffer, at, window);
        if (behind === OPEN) return at;
        at = behind;
      }
    }
    return at;
  }

  /** Reads the row at `at`. Returns where to go on, or OPEN if more bytes are needed. */
  #row(buffer: Buffer, at: number, window: Window): number {
    const { length, last } = window;
    if (isLineEnd(buffer[at] as number)) return this.#lineEnd(buffer, at, window);
    const behind = this.#values(buffer, at, window);
    if (behind === BROKEN) return this.#damage(at, "syntax", this.#fault);
    if (behind !== OPEN) {
      const cutOff = behind === length && !isLineEnd(buffer[length - 1] as number);
      this.#take(buffer, { at, behind, cutOff });
      return behind;
    }
    if (last) return this.#unclosed(buffer, at, length);
    if (length - at < RECORD_BYTES_MAX) return OPEN;
    return this.#damage(at, "too_long", `the row is longer than ${RECORD_BYTES_MAX} bytes`);
  }

  /** The file ends inside quotes: it was cut off there if the row has begun in its last line. */
  #unclosed(buffer: Buffer, at: number, length: number): number {
    return lineEndAt(buffer, at, length) === length
      ? this.#damage(at, "truncated", "the file ends inside a quoted value")
      : this.#damage(at, "syntax", "a quoted value has no end");
  }

  /** Counts a broken row, and passes over its first line. */
  #damage(at: number, reason: string, message: string): number {
    this.#locate(at);
    this.#sink.broken(reason, this.#raw, message);
    // Without a header no row means anything: all of them have too many values.
    this.#columns ??= [];
    this.#skipping = true;
    return at;
  }

  /** Returns the end of the line, which `#row` then reads as a blank one, or of the window. */
  #skip(buffer: Buffer, at: number, length: number): number {
    const end = lineEndAt(buffer, at, length);
    this.#skipping = end === length;
    return end;
  }

  /** Passes over a line end. */
  #lineEnd(buffer: Buffer, at: number, window: Window): number {
    const behind = behindLineEnd(buffer, at, window);
    if (behind !== OPEN) this.#line++;
    return behind;
  }

  /** Finds the values of the row at `at`. Returns the position behind its line end, OPEN or BROKEN. */
  #values(buffer: Buffer, at: number, window: Window): number {
    const { length, last } = window;
    this.#count = 0;
    this.#quotes = false;
    let p = at;
    for (;;) {
      const isQuoted = p < length && buffer[p] === QUOTE;
      p = isQuoted ? this.#quoted(buffer, p + 1, window) : this.#plain(buffer, p, length);
      if (p < 0) return p;
      if (p === length) return last ? length : OPEN;
      if (buffer[p] !== COMMA) return behindLineEnd(buffer, p, window);
      p++;
    }
  }

  #plain(buffer: Buffer, from: number, length: number): number {
    let p = from;
    while (ends[buffer[p] as number] === 0) p++;
    if (p < length && buffer[p] === QUOTE)
      return this.#broken("a quote in a value that does not begin with one");
    this.#note(from, p, 0);
    return p;
  }

  #quoted(buffer: Buffer, from: number, { length, last }: Window): number {
    this.#quotes = true;
    let doubled = 0;
    let close = buffer.indexOf(QUOTE, from);
    while (close + 1 < length && buffer[close + 1] === QUOTE) {
      doubled = 1;
      close = buffer.indexOf(QUOTE, close + 2);
    }
    // A quote that ends the window may be half of a doubled one.
    if (close >= length || (close + 1 === length && !last)) return OPEN;
    this.#note(from, close, doubled);
    const next = buffer[close + 1] as number;
    if (close + 1 === length || next === COMMA || isLineEnd(next)) return close + 1;
    return this.#broken("text behind the closing quote of a value");
  }

  #broken(fault: string): typeof BROKEN {
    this.#fault = fault;
    return BROKEN;
  }

  #note(from: number, to: number, doubled: number): void {
    if (this.#count === this.#from.length) this.#grow();
    this.#from[this.#count] = from;
    this.#to[this.#count] = to;
    this.#doubled[this.#count++] = doubled;
  }

  #grow(): void {
    const length = 2 * this.#count;
    const [from, to, doubled] = [this.#from, this.#to, this.#doubled];
    this.#from = new Int32Array(length);
    this.#to = new Int32Array(length);
    this.#doubled = new Uint8Array(length);
    this.#from.set(from);
    this.#to.set(to);
    this.#doubled.set(doubled);
  }

  /** Takes the row whose values were found. */
  #take(buffer: Buffer, row: Row): void {
    const { at, behind, cutOff } = row;
    const columns = this.#columns;
    if (columns === undefined) this.#readHeader(buffer);
    else {
      this.#locate(at);
      if (this.#count === columns.length) this.#fill(buffer, columns, behind - at);
      else if (cutOff && this.#count < columns.length)
        this.#sink.broken("truncated", this.#raw, "the file ends inside a row");
      else {
        const values = this.#count === 1 ? "1 value" : `${this.#count} values`;
        const message = `${values} where the header has ${columns.length}`;
        this.#sink.broken("syntax", this.#raw, message);
      }
    }
    this.#line += this.#quotes ? linesIn(buffer, at, behind) : 1;
  }

  #readHeader(buffer: Buffer): void {
    const names = Array.from({ length: this.#count }, (_, column) =>
      buffer.toString("utf8", this.#from[column], this.#end(buffer, column)).trim(),
    );
    this.#columns = names.map((name) => keyNames.indexOf(name));
    this.ignored = names.filter((name) => !keyNames.includes(name));
  }

  #fill(buffer: Buffer, columns: readonly number[], bytes: number): void {
    const raw = this.#raw;
    if (raw.buffer !== buffer) raw.block = recordBlock(buffer);
    raw.shapes = 0;
    raw.bytes = bytes;
    for (let column = 0; column < columns.length; column++) {
      const field = columns[column] as number;
      const from = this.#from[column] as number;
      if (field === -1 || from === this.#to[column]) continue;
      raw.note(field, Shape.text, from, this.#end(buffer, column));
    }
    this.#sink.take(raw);
  }

  /** End of a value, whose doubled quotes are made single ones in their place: nobody reads the row again. */
  #end(buffer: Buffer, column: number): number {
    const to = this.#to[column] as number;
    if (this.#doubled[column] === 0) return to;
    let out = this.#from[column] as number;
    for (let p = out; p < to; p++) {
      const byte = buffer[p] as number;
      buffer[out++] = byte;
      if (byte === QUOTE) p++;
    }
    return out;
  }

  #locate(at: number): void {
    this.#raw.row = ++this.rows;
    this.#raw.line = this.#line;
    this.#raw.offset = this.#base + at;
  }
}

const isLineEnd = (byte: number): boolean => byte === NEWLINE || byte === RETURN;

/** Position behind the line end at `at`; OPEN where the second half of one may follow. */
function behindLineEnd(buffer: Buffer, at: number, { length, last }: Window): number {
  if (buffer[at] === NEWLINE) return at + 1;
  if (at + 1 === length) return last ? length : OPEN;
  return buffer[at + 1] === NEWLINE ? at + 2 : at + 1;
}

/** The first line end from `at` on, or `length`. */
function lineEndAt(buffer: Buffer, at: number, length: number): number {
  let p = at;
  while (p < length && !isLineEnd(buffer[p] as number)) p++;
  return p;
}

/** Lines that end between two positions. */
function linesIn(buffer: Buffer, from: number, to: number): number {
  let lines = 0;
  for (let p = from; p < to; p++) {
    const byte = buffer[p];
    if (byte === NEWLINE || (byte === RETURN && buffer[p + 1] !== NEWLINE)) lines++;
  }
  return lines;
}
