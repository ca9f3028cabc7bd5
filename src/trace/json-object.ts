// Finds the fields of one JSON object in a byte window: runs once per record read, budget 1 µs for 450 bytes, makes no
// object and no string. Guarded by perf/trace-read.bench.ts.
//
// The window ends in SENTINEL_BYTES quotes that are not part of the data. Every inner loop stops at a quote, so none of
// them compares its position with the end; whether the end was reached is asked once something unexpected is met.

import { escapeLength } from "./json-text.ts";
import { fieldAt, isMemberAt, isRangeKey, memberLength, UNKNOWN_FIELD } from "./key-table.ts";
import { decimalOf, INT_DIGITS_MAX } from "./number-text.ts";
import { plainEnd } from "./plain-word.ts";
import { type RawRecord, Shape, traceKeys } from "./raw-record.ts";
import { recordBlock } from "./record-view.ts";

export const SENTINEL_BYTES = 64;
/** Deepest nesting inside a record: the kinds of the open brackets are the bits of one integer. */
const NESTING_MAX = 30;

const QUOTE = 34;
const COMMA = 44;
const COLON = 58;
const BACKSLASH = 92;
const OPEN_BRACKET = 91;
const CLOSE_BRACKET = 93;
const OPEN_BRACE = 123;
const CLOSE_BRACE = 125;
const NEWLINE = 10;

const numeric = Uint8Array.from({ length: 256 }, (_, byte) =>
  "0123456789+-.eE".includes(String.fromCharCode(byte)) ? 1 : 0,
);
const blank = Uint8Array.from({ length: 256 }, (_, byte) =>
  [9, 10, 13, 32].includes(byte) ? 1 : 0,
);

const ZERO = 48;
const POINT = 46;

/** By first byte. */
const literals: readonly (Uint8Array | undefined)[] = Array.from({ length: 256 }, (_, byte) =>
  ["null", "true", "false"].map((word) => Buffer.from(word)).find((word) => word[0] === byte),
);
const LETTER_N = 110;

/** Instead of a position: see `incomplete` and `errorAt`. */
export const FAILED = -1;

/** Stands for "before the first key" in the order of keys. */
const START: number = traceKeys.length;
const keyNames: readonly string[] = traceKeys;

export class JsonObjectReader {
  readonly #raw: RawRecord;
  /** Field that followed each field when last seen: keys come in the same order in record after record. */
  readonly #follows = Uint8Array.from({ length: START + 1 }, (_, field) => (field + 1) % START);
  #end = 0;
  #previous: number = START;
  #depth = 0;
  /** Bit n: bracket n is a brace. */
  #braces = 0;
  #escaped = false;
  /** Newlines passed inside the object. */
  newlines = 0;
  /** After FAILED: the window ends inside the object. Otherwise it is malformed at `errorAt`. */
  incomplete = false;
  errorAt = 0;
  /** Brackets open at `errorAt`, the object's own included. */
  errorDepth = 1;
  errorMessage = "";

  constructor(raw: RawRecord) {
    this.#raw = raw;
  }

  /** Reads the object that opens at `at` into the raw record. Returns the position behind it, or FAILED. */
  read(buffer: Buffer, at: number, end: number): number {
    const raw = this.#raw;
    if (raw.buffer !== buffer) raw.block = recordBlock(buffer);
    raw.shapes = 0;
    raw.rangeFrom = -1;
    this.#end = end;
    this.#previous = START;
    this.newlines = 0;
    let p = this.#skipBlanks(buffer, at + 1);
    if (buffer[p] === CLOSE_BRACE) return this.#complete(at, p + 1);
    for (;;) {
      p = this.#member(buffer, p);
      if (p === FAILED) return FAILED;
      if (buffer[p] !== COMMA) {
        p = this.#skipBlanks(buffer, p);
        if (buffer[p] === CLOSE_BRACE) return this.#complete(at, p + 1);
        if (buffer[p] !== COMMA) return this.#fail(p, 'expected "," or "}"');
      }
      p = this.#skipBlanks(buffer, p + 1);
    }
  }

  #complete(at: number, behind: number): number {
    this.#raw.at = at;
    this.#raw.bytes = behind - at;
    return behind;
  }

  /** Reads a key and its value. Returns the position behind them. */
  #member(buffer: Buffer, at: number): number {
    const raw = this.#raw;
    const { data } = raw.block;
    const field = this.#follows[this.#previous] as number;
    if (!isMemberAt(data, at, field)) return this.#unexpectedMember(buffer, at);
    this.#previous = field;
    const from = at + (memberLength[field] as number);
    if (buffer[from] !== QUOTE) return this.#figure(buffer, from, field);
    const close = plainEnd(data, from + 1);
    if (buffer[close] !== QUOTE || close >= this.#end) return this.#value(buffer, from, field);
    raw.note(field, Shape.text, from + 1, close);
    return close + 1;
  }

  /**
   * Reads what most numbers are, some digits and perhaps a point and more digits, on the way over them. All else is left to
   * `#value`. Sums of up to 9 digits are made in 32 bits: a digit is then three times as cheap.
   */
  #figure(buffer: Buffer, from: number, field: number): number {
    let p = from;
    let whole = 0;
    let digit = (buffer[p] as number) - ZERO;
    for (; digit >= 0 && digit <= 9; digit = (buffer[++p] as number) - ZERO)
      whole = (whole * 10 + digit) | 0;
    const digits = p - from;
    if (digits === 0 || digits > INT_DIGITS_MAX)
      return this.#value(buffer, this.#skipBlanks(buffer, from), field);
    if (buffer[p] === POINT) return this.#fraction(buffer, from, p, field, whole);
    if (numeric[buffer[p] as number] === 1) return this.#value(buffer, from, field);
    this.#raw.noteNumber(field, whole, from, p);
    return p;
  }

  #fraction(buffer: Buffer, from: number, point: number, field: number, whole: number): number {
    let p = point + 1;
    const middle = p + INT_DIGITS_MAX;
    let first = 0;
    let digit = (buffer[p] as number) - ZERO;
    for (; digit >= 0 && digit <= 9 && p < middle; digit = (buffer[++p] as number) - ZERO)
      first = (first * 10 + digit) | 0;
    const half = p;
    let second = 0;
    for (; digit >= 0 && digit <= 9; digit = (buffer[++p] as number) - ZERO)
      second = (second * 10 + digit) | 0;
    const value = decimalOf(whole, first, half - point - 1, second, p - half);
    if (Number.isNaN(value) || numeric[buffer[p] as number] === 1)
      return this.#value(buffer, from, field);
    this.#raw.noteNumber(field, value, from, p);
    return p;
  }

  #unexpectedMember(buffer: Buffer, at: number): number {
    if (buffer[at] !== QUOTE || at >= this.#end) return this.#fail(at, "expected a key");
    const close = this.#string(buffer, at + 1);
    if (close === FAILED) return FAILED;
    const field = this.#escaped ? decodedField(buffer, at, close) : fieldAt(buffer, at, close + 1);
    if (field !== UNKNOWN_FIELD) {
      this.#follows[this.#previous] = field;
      this.#previous = field;
    }
    const colon = this.#skipBlanks(buffer, close + 1);
    if (buffer[colon] !== COLON) return this.#fail(colon, 'expected ":"');
    const from = this.#skipBlanks(buffer, colon + 1);
    const behind = this.#value(buffer, from, field);
    if (field === UNKNOWN_FIELD && behind !== FAILED && isRangeKey(buffer, at, close + 1))
      this.#noteRange(from, behind);
    return behind;
  }

  /** Null counts as absent; what else is no text is found to be none. */
  #noteRange(from: number, behind: number): void {
    const raw = this.#raw;
    if (raw.buffer[from] === LETTER_N) return;
    raw.rangeFrom = from + 1;
    raw.rangeTo = behind - 1;
  }

  /** Passes over a value and notes it under `field`. Returns the position behind it. */
  #value(buffer: Buffer, at: number, field: number): number {
    const first = buffer[at] as number;
    if (first === QUOTE) {
      const close = this.#string(buffer, at + 1);
      if (close === FAILED) return FAILED;
      this.#note(field, this.#escaped ? Shape.escapedText : Shape.text, at + 1, close);
      return close + 1;
    }
    if (numeric[first] === 1) {
      let p = at + 1;
      while (numeric[buffer[p] as number] === 1) p++;
      if (field !== UNKNOWN_FIELD) this.#raw.noteNumber(field, Number.NaN, at, p);
      return p;
    }
    const behind =
      first === OPEN_BRACE || first === OPEN_BRACKET
        ? this.#nested(buffer, at)
        : this.#literal(buffer, at);
    if (behind !== FAILED) {
      this.#note(field, first === LETTER_N ? Shape.absent : Shape.other, at, behind);
    }
    return behind;
  }

  #note(field: number, shape: number, from: number, to: number): void {
    if (field !== UNKNOWN_FIELD) this.#raw.note(field, shape, from, to);
  }

  /** Returns the closing quote of the string whose content starts at `at`; sets `#escaped`. */
  #string(buffer: Buffer, at: number): number {
    const { data } = this.#raw.block;
    this.#escaped = false;
    let p = plainEnd(data, at);
    while (buffer[p] !== QUOTE) {
      if (buffer[p] !== BACKSLASH) return this.#fail(p, "control character in a string");
      this.#escaped = true;
      const bytes = escapeLength(buffer, p);
      // Whether a malformed escape is only cut off shows at its last byte.
      if (bytes === 0) return this.#fail(p + 6 > this.#end ? this.#end : p, "no escape of JSON");
      p = plainEnd(data, p + bytes);
    }
    return p < this.#end ? p : this.#fail(p, "");
  }

  #literal(buffer: Buffer, at: number): number {
    const word = literals[buffer[at] as number];
    if (word === undefined) return this.#fail(at, "expected a value");
    for (let i = 1; i < word.length; i++) {
      if (buffer[at + i] !== word[i]) return this.#fail(at + i, "expected a value");
    }
    return at + word.length;
  }

  /** Passes over an array or object by its brackets; what stands between them is not looked at. */
  #nested(buffer: Buffer, at: number): number {
    this.#depth = 0;
    let p = at;
    for (;;) {
      const byte = buffer[p] as number;
      if (byte === QUOTE) p = this.#string(buffer, p + 1);
      else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) p = this.#opened(p, byte);
      else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) p = this.#closed(p, byte);
      else if (byte === NEWLINE) this.newlines++;
      if (p === FAILED) {
        this.errorDepth = 1 + this.#depth;
        return FAILED;
      }
      p++;
      if (this.#depth === 0) return p;
    }
  }

  #opened(at: number, byte: number): number {
    if (this.#depth === NESTING_MAX) return this.#fail(at, "nested too deeply");
    const bit = 1 << this.#depth++;
    this.#braces = byte === OPEN_BRACE ? this.#braces | bit : this.#braces & ~bit;
    return at;
  }

  #closed(at: number, byte: number): number {
    const isBrace = (this.#braces & (1 << (this.#depth - 1))) !== 0;
    if (isBrace !== (byte === CLOSE_BRACE)) return this.#fail(at, "brackets do not match");
    this.#depth--;
    return at;
  }

  #skipBlanks(buffer: Buffer, at: number): number {
    let p = at;
    while (blank[buffer[p] as number] === 1) {
      if (buffer[p] === NEWLINE) this.newlines++;
      p++;
    }
    return p;
  }

  #fail(at: number, message: string): number {
    this.incomplete = at >= this.#end;
    this.errorAt = at;
    this.errorDepth = 1;
    this.errorMessage = message;
    return FAILED;
  }
}

/** A key with escapes is rare enough for a string. */
function decodedField(buffer: Buffer, openQuote: number, closeQuote: number): number {
  try {
    const key: unknown = JSON.parse(buffer.toString("utf8", openQuote, closeQuote + 1));
    return typeof key === "string" ? keyNames.indexOf(key) : UNKNOWN_FIELD;
  } catch {
    return UNKNOWN_FIELD;
  }
}
