import { Field, RawRecord, type RecordSink, Shape } from "./raw-record.ts";
import { recordBlock } from "./record-view.ts";
import type { Damage } from "./unpacking.ts";

const NEWLINE = 10;
const RETURN = 13;
const HEAD = "GET1970-01-01T00:00:00Z";
const METHOD_BYTES = 3;

/**
 * Reads a plain list of uris, one a line: GETs without a time, which all arrive at 0, and without a size. The owner
 * keeps the window as for JsonScanner.
 */
export class UriListScanner {
  readonly #sink: RecordSink;
  readonly #raw = new RawRecord(Buffer.from(HEAD));
  #base: number;
  #line = 0;
  rows = 0;

  constructor(sink: RecordSink, base: number) {
    this.#sink = sink;
    this.#base = base;
    this.#raw.note(Field.method, Shape.text, 0, METHOD_BYTES);
    this.#raw.note(Field.timestamp, Shape.text, METHOD_BYTES, HEAD.length);
  }

  /** Reads the complete lines of `buffer[0..length)`. Returns how many bytes are done with. */
  scan(buffer: Buffer, length: number): number {
    let at = 0;
    for (;;) {
      const newline = buffer.indexOf(NEWLINE, at);
      if (newline === -1 || newline >= length) break;
      this.#take(buffer, at, newline);
      at = newline + 1;
    }
    this.#base += at;
    return at;
  }

  /** Reads the last window; the last line need not end in a line break. */
  finish(buffer: Buffer, length: number, damage: Damage | undefined): void {
    const at = this.scan(buffer, length);
    if (at < length) this.#take(buffer.subarray(at), 0, length - at);
    if (damage === undefined) return;
    this.#locate(length - at);
    this.#sink.broken(damage.reason, this.#raw, damage.message);
  }

  #take(buffer: Buffer, from: number, newline: number): void {
    this.#line++;
    const to = newline > from && buffer[newline - 1] === RETURN ? newline - 1 : newline;
    if (to === from) return;
    this.#locate(from);
    const raw = this.#raw;
    raw.block = recordBlock(Buffer.concat([Buffer.from(HEAD), buffer.subarray(from, to)]));
    raw.note(Field.uri, Shape.text, HEAD.length, raw.buffer.length);
    raw.bytes = raw.buffer.length;
    this.#sink.take(raw);
  }

  #locate(at: number): void {
    this.#raw.row = ++this.rows;
    this.#raw.line = this.#line;
    this.#raw.offset = this.#base + at;
  }
}
