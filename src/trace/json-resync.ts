import { isAnyKeyAt, MEMBER_BYTES_MAX } from "./key-table.ts";

const QUOTE = 34;
const COMMA = 44;
const BACKSLASH = 92;
const OPEN_BRACKET = 91;
const CLOSE_BRACKET = 93;
const OPEN_BRACE = 123;
const CLOSE_BRACE = 125;
const NEWLINE = 10;

const isBlank = (byte: number | undefined): boolean =>
  byte === 32 || byte === 9 || byte === 13 || byte === NEWLINE;

/** White space that may stand between the brace of a record and its first key. */
const LOOK_AHEAD_BYTES = 64;

/**
 * After a syntax error: looks for the next record.
 *
 * Brackets and quotes are followed from the error on, and the record ends where its own brace closes. If the error was
 * a quote too many or too few, strings and structure appear swapped from there on; therefore a brace that follows a
 * record's end, a comma or a line break and is followed by a key that we know starts a record in either state.
 * In line-wise JSON a line break ends the search.
 */
export class JsonResync {
  readonly #lineWise: boolean;
  #depth = 0;
  #insideString = false;
  /** Last byte that was not blank; a line break counts as one. */
  previous = 0;
  /** After `skip`: whether the search is over. */
  found = false;
  /** Line breaks passed by the last `skip`. */
  newlines = 0;

  constructor(lineWise: boolean) {
    this.#lineWise = lineWise;
  }

  /** `depth`: brackets open at `at`, the broken record's own included; 0 between records. */
  start(buffer: Buffer, at: number, depth: number): void {
    this.#depth = depth;
    this.#insideString = false;
    let p = at - 1;
    while (p >= 0 && isBlank(buffer[p]) && buffer[p] !== NEWLINE) p--;
    this.previous = buffer[p] ?? NEWLINE;
  }

  /** Returns where to go on: behind or at the end of the damage, or as far as the window allows. */
  skip(buffer: Buffer, at: number, { length, last }: { length: number; last: boolean }): number {
    this.found = false;
    this.newlines = 0;
    // Near the end of a window a brace or a backslash waits for the bytes behind it.
    const safe = last ? length : length - LOOK_AHEAD_BYTES - MEMBER_BYTES_MAX;
    let p = at;
    while (p < length && !this.found) {
      if (p > safe && (buffer[p] === OPEN_BRACE || buffer[p] === BACKSLASH)) return p;
      p = this.#step(buffer, p);
    }
    return Math.min(p, length);
  }

  /** Passes over the byte at `at`, with the one it escapes; sets `found` if the search ends there. */
  #step(buffer: Buffer, at: number): number {
    const byte = buffer[at] as number;
    if (byte === OPEN_BRACE && this.#startsRecord(buffer, at)) return this.#end(at);
    if (byte === NEWLINE) this.newlines++;
    const escaping = this.#insideString && byte === BACKSLASH;
    if (this.#follow(byte)) {
      return this.#end(byte === CLOSE_BRACKET || byte === OPEN_BRACE ? at : at + 1);
    }
    if (byte === NEWLINE || !isBlank(byte)) this.previous = byte;
    return escaping ? at + 2 : at + 1;
  }

  /** True if the search ends with this byte. */
  #follow(byte: number): boolean {
    return this.#insideString ? this.#inString(byte) : this.#inStructure(byte);
  }

  #end(at: number): number {
    this.found = true;
    return at;
  }

  /** Follows one byte inside a string; true if the search ends with it. */
  #inString(byte: number): boolean {
    if (byte === QUOTE || byte === NEWLINE) this.#insideString = false;
    return byte === NEWLINE && this.#lineWise;
  }

  /** Follows one byte outside of strings; true if the search ends with it. */
  #inStructure(byte: number): boolean {
    switch (byte) {
      case QUOTE:
        this.#insideString = true;
        return false;
      case NEWLINE:
        return this.#lineWise;
      case COMMA:
        return this.#depth === 0;
      case OPEN_BRACE:
        return this.#depth++ === 0 && !this.#lineWise;
      case OPEN_BRACKET:
        this.#depth++;
        return false;
      case CLOSE_BRACE:
        this.#depth = Math.max(0, this.#depth - 1);
        return this.#depth === 0;
      case CLOSE_BRACKET:
        // With no bracket open but the record's own, this one closes the array around it.
        if (this.#depth <= 1) return true;
        this.#depth--;
        return false;
      default:
        return false;
    }
  }

  #startsRecord(buffer: Buffer, brace: number): boolean {
    const { previous } = this;
    if (previous !== COMMA && previous !== CLOSE_BRACE && previous !== NEWLINE) return false;
    let p = brace + 1;
    while (p <= brace + LOOK_AHEAD_BYTES && isBlank(buffer[p])) p++;
    return isAnyKeyAt(buffer, p);
  }
}
