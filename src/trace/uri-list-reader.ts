import { RECORD_BYTES_MAX } from "./json-scanner.ts";
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
  /** Inside a line that was given up. */
  #skipping = false;
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
      if (this.#skipping) this.#skipping = false;
      else this.#take(buffer, at, newline);
      at = newline + 1;
    }
    const done = this.#skipping || length - at >= RECORD_BYTES_MAX ? this.#giveUp(at, length) : at;
    this.#base += done;
    return done;
  }

  /** Reads the last window, whose last line need not end in a line break. Of a damaged file it is one that was cut off. */
  finish(buffer: Buffer, length: number, damage: Damage | undefined): void {
    const at = this.scan(buffer, length);
    if (damage === undefined) {
      if (at < length) this.#take(buffer.subarray(at), 0, length - at);
      return;
    }
    this.#locate(0);
    this.#sink.broken(damage.reason, this.#raw, damage.message);
  }

  /** Counts a line that is far too long for a window, once, and passes over what there is of it. */
  #giveUp(at: number, length: number): number {
    if (this.#skipping) return length;
    this.#skipping = true;
    this.#line++;
    this.#locate(at);
    const message = `the line is longer than ${RECORD_BYTES_MAX} bytes`;
    this.#sink.broken("too_long", this.#raw, message);
    return length;
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
