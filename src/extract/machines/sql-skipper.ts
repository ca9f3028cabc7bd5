// Passes over SQL that nobody needs: most of a dump. Runs for every byte of it; no strings, no objects.
// Guarded by perf/dump-parse.bench.ts (at least 200 MB/s of plain dump).
//
//               '        "        `        # or --    /*           */       delimiter
//   code      single   double   back     line       comment*     -        end of the statement
//   single    code     -        -        -          -            -        -              \ passes over the next byte
//   double    -        code     -        -          -            -        -              \ passes over the next byte
//   back      -        -        code     -          -            -        -
//   line      code at the line's end
//   comment   -        -        -        -          -            code     -
//
//   *  Not for /*!40101 and /*M!100100: a server executes what is inside, so it is code.
//   A doubled quote leaves and enters again, which comes to the same.

const Place = { code: 0, single: 1, double: 2, back: 3, line: 4, comment: 5 } as const;
type Place = (typeof Place)[keyof typeof Place];

const NEWLINE = 10;
const BANG = 33;
const DOUBLE = 34;
const HASH = 35;
const SINGLE = 39;
const STAR = 42;
const DASH = 45;
const SLASH = 47;
const BACKSLASH = 92;
const BACK = 96;
const LETTER_M = 77;
/** Bytes that must be seen at once to know what begins: `/*M!`. */
const LOOK_AHEAD = 4;

/** Whether the two dashes before `next` begin a comment: only in front of a blank or a control character. */
export const isDashComment = (next: number): boolean => next <= 32;

/** Whether `/*` at `at` opens a part that servers execute. */
export function isExecuted(data: Uint8Array, at: number): boolean {
  return data[at + 2] === BANG || (data[at + 2] === LETTER_M && data[at + 3] === BANG);
}

export type SkipModes = { readonly noBackslash: boolean; readonly delimiter: Uint8Array };

/** Finds the end of a statement over any number of pieces. */
export class SqlSkipper {
  #place: Place = Place.code;
  readonly #special = new Uint8Array(256);
  #delimiter: Uint8Array;
  #noBackslash = false;
  /** The statement has ended, just behind where `skip` returned to. */
  ended = false;

  constructor() {
    this.#delimiter = new Uint8Array([59]);
    for (const byte of [SINGLE, DOUBLE, BACK, HASH, DASH, SLASH, STAR]) this.#special[byte] = 1;
  }

  /** Begins in code, at any place of a statement. */
  begin({ noBackslash, delimiter }: SkipModes): void {
    this.#place = Place.code;
    this.ended = false;
    this.#noBackslash = noBackslash;
    this.#special[this.#delimiter[0] as number] = 0;
    // A delimiter may begin with one of these.
    for (const byte of [SINGLE, DOUBLE, BACK, HASH, DASH, SLASH, STAR]) this.#special[byte] = 1;
    this.#delimiter = delimiter;
    this.#special[delimiter[0] as number] = 1;
  }

  /**
   * Passes over `data` from `at` on. Returns where it stopped: behind the delimiter if `ended`, otherwise where to go on
   * when more has come; at most a few bytes are left then, none if `final`.
   */
  skip(data: Uint8Array, { at, final }: { at: number; final: boolean }): number {
    let p = at;
    while (p < data.length) {
      const next = this.#pass(data, p, final);
      if (next < 0) return final ? data.length : ~next;
      p = next;
      if (this.ended) break;
    }
    return p;
  }

  /** To the end of the place at hand; the complement of where to go on when its end has not come. */
  #pass(data: Uint8Array, at: number, final: boolean): number {
    switch (this.#place) {
      case Place.code: {
        const next = this.#code(data, at, final);
        return next === at ? ~at : next;
      }
      case Place.single:
      case Place.double: {
        const quote = this.#place === Place.single ? SINGLE : DOUBLE;
        return this.#left(closingQuote(data, { at, quote, noBackslash: this.#noBackslash }));
      }
      case Place.back:
        return this.#left(behindByte(data, BACK, at));
      case Place.line:
        return this.#left(behindByte(data, NEWLINE, at));
      case Place.comment:
        return this.#left(commentClose(data, at));
      default:
        return this.#place satisfies never;
    }
  }

  /** Back to code, if the end has come. */
  #left(behind: number): number {
    if (behind >= 0) this.#place = Place.code;
    return behind;
  }

  /**
   * In code: to what leaves it or ends the statement. Text in quotes that has come completely is passed over at once.
   * Returns `at` when more bytes must be seen.
   */
  #code(data: Uint8Array, at: number, final: boolean): number {
    const special = this.#special;
    const noBackslash = this.#noBackslash;
    const end = data.length;
    let p = at;
    for (;;) {
      while (p < end && special[data[p] as number] === 0) p++;
      if (p === end || data[p] !== SINGLE) break;
      const behind = closingQuote(data, { at: p + 1, quote: SINGLE, noBackslash });
      if (behind < 0) break;
      p = behind;
    }
    if (p === end) return p;
    const margin = Math.max(LOOK_AHEAD, this.#delimiter.length);
    if (!final && end - p < margin && mayBeLong(data[p] as number, this.#delimiter)) return p;
    return this.#leaveCode(data, p);
  }

  /** At a byte that may mean something; behind what it begins. */
  #leaveCode(data: Uint8Array, p: number): number {
    if (this.#isDelimiter(data, p)) {
      this.ended = true;
      return p + this.#delimiter.length;
    }
    switch (data[p]) {
      case SINGLE:
        this.#place = Place.single;
        return p + 1;
      case DOUBLE:
        this.#place = Place.double;
        return p + 1;
      case BACK:
        this.#place = Place.back;
        return p + 1;
      case HASH:
        this.#place = Place.line;
        return p + 1;
      case DASH:
        if (data[p + 1] === DASH && isDashComment(data[p + 2] ?? 0)) this.#place = Place.line;
        return p + 1;
      case STAR:
        return data[p + 1] === SLASH ? p + 2 : p + 1;
      case SLASH:
        if (data[p + 1] !== STAR) return p + 1;
        if (!isExecuted(data, p)) this.#place = Place.comment;
        return p + 2;
      default:
        return p + 1;
    }
  }

  #isDelimiter(data: Uint8Array, at: number): boolean {
    const delimiter = this.#delimiter;
    for (let i = 0; i < delimiter.length; i++) if (data[at + i] !== delimiter[i]) return false;
    return true;
  }
}

/** Behind the closing quote; if it has not come, the complement of where to go on: the end, or a backslash that is last. */
function closingQuote(
  data: Uint8Array,
  { at, quote, noBackslash }: { at: number; quote: number; noBackslash: boolean },
): number {
  const end = data.length;
  const escaping = noBackslash ? quote : BACKSLASH;
  let p = at;
  for (;;) {
    while (p < end && data[p] !== quote && data[p] !== escaping) p++;
    if (p >= end) return ~end;
    if (data[p] === quote) return p + 1;
    if (p + 1 === end) return ~p;
    p += 2;
  }
}

function behindByte(data: Uint8Array, byte: number, at: number): number {
  const found = data.indexOf(byte, at);
  return found < 0 ? ~data.length : found + 1;
}

/** Behind the end of a comment; if it has not come, the complement of where to go on. */
function commentClose(data: Uint8Array, at: number): number {
  const end = data.length;
  for (let p = at; p < end; p++) {
    if (data[p] !== STAR) continue;
    if (p + 1 === end) return ~p;
    if (data[p + 1] === SLASH) return p + 2;
  }
  return ~end;
}

const mayBeLong = (byte: number, delimiter: Uint8Array): boolean =>
  byte === DASH ||
  byte === SLASH ||
  byte === STAR ||
  (delimiter.length > 1 && byte === delimiter[0]);
