// Takes the heads of statements apart: CREATE TABLE, INSERT up to VALUES, USE, SET, DROP. A few hundred tokens a dump, so
// plain strings will do; rows go another way (row-reader.ts).
import { isDashComment, isExecuted } from "./sql-skipper.ts";
import { type SqlText, unescaped } from "./sql-text.ts";

const NEWLINE = 10;
const DOUBLE = 34;
const HASH = 35;
const SINGLE = 39;
const STAR = 42;
const DASH = 45;
const SLASH = 47;
const BACKSLASH = 92;
const BACK = 96;

export type Token =
  /** `text` as written; `upper` to compare keywords with. */
  | { readonly kind: "word"; readonly text: string; readonly upper: string }
  | { readonly kind: "name"; readonly text: string }
  | { readonly kind: "string"; readonly text: string }
  | { readonly kind: "mark"; readonly text: string }
  /** The statement's delimiter. */
  | { readonly kind: "end" }
  /** The input ends within a token, or where one might go on. */
  | { readonly kind: "more" };

/** The input ended before the head of the statement did. */
export class NeedsMore extends Error {}

export type LexerModes = SqlText & {
  readonly ansiQuotes: boolean;
  readonly delimiter: Uint8Array;
};

const MORE = { kind: "more" } as const;
const END = { kind: "end" } as const;

// Characters of a bare word: letters, digits, $ _ @ . and everything outside ASCII. A dot separates names, but within
// numbers it does not matter here, so it is a mark of its own.
const WORD = new Uint8Array(256).map((_, byte) =>
  byte >= 128 || /[A-Za-z0-9$_@]/.test(String.fromCharCode(byte)) ? 1 : 0,
);

export class SqlLexer {
  readonly #data: Buffer;
  readonly #modes: LexerModes;
  readonly #final: boolean;
  /** Where the next token is looked for. */
  at: number;

  constructor(
    data: Buffer,
    { at, final, modes }: { at: number; final: boolean; modes: LexerModes },
  ) {
    this.#data = data;
    this.#modes = modes;
    this.#final = final;
    this.at = at;
  }

  next(): Token {
    if (!this.#skipBlank()) return MORE;
    const data = this.#data;
    if (this.at >= data.length) return this.#final ? END : MORE;
    if (this.#atDelimiter()) {
      this.at += this.#modes.delimiter.length;
      return END;
    }
    const byte = data[this.at] as number;
    if (byte === BACK) return this.#quoted("name");
    if (byte === SINGLE) return this.#quoted("string");
    if (byte === DOUBLE) return this.#quoted(this.#modes.ansiQuotes ? "name" : "string");
    if (WORD[byte] === 1) return this.#word();
    this.at++;
    return { kind: "mark", text: String.fromCharCode(byte) };
  }

  /** The next token, for callers that cannot go on without it. */
  need(): Exclude<Token, { kind: "more" }> {
    const token = this.next();
    if (token.kind === "more") throw new NeedsMore();
    return token;
  }

  #word(): Token {
    const data = this.#data;
    let p = this.at;
    while (p < data.length && WORD[data[p] as number] === 1) p++;
    if (p === data.length && !this.#final) return MORE;
    const text = data.toString("utf8", this.at, p);
    this.at = p;
    return { kind: "word", text, upper: text.toUpperCase() };
  }

  #quoted(kind: "name" | "string"): Token {
    const data = this.#data;
    const quote = data[this.at] as number;
    const escapes = kind === "string" && !this.#modes.noBackslash;
    let p = this.at + 1;
    for (;;) {
      while (p < data.length && data[p] !== quote && !(escapes && data[p] === BACKSLASH)) p++;
      // A quote at the very end may be the first of two.
      if (p + 1 >= data.length && !(this.#final && data[p] === quote)) return MORE;
      if (data[p] === quote && data[p + 1] !== quote) break;
      p += 2;
    }
    const text = unescaped(data, { from: this.at + 1, to: p, quote, escapes }, this.#modes);
    this.at = p + 1;
    return { kind, text };
  }

  /** Passes over blanks and comments; false if the input ends where one might go on. */
  #skipBlank(): boolean {
    const data = this.#data;
    for (;;) {
      this.at = behindBlanks(data, this.at);
      if (!beginsComment(data[this.at])) return true;
      if (data.length - this.at < 4 && !this.#final) return false;
      const next = commentEnd(data, this.at);
      if (next === undefined) return true;
      if (next < 0 && !this.#final) return false;
      this.at = next < 0 ? data.length : next;
    }
  }

  #atDelimiter(): boolean {
    const { delimiter } = this.#modes;
    return delimiter.every((byte, i) => this.#data[this.at + i] === byte);
  }
}

/** Behind blanks, line ends and control characters. */
export function behindBlanks(data: Uint8Array, at: number): number {
  let p = at;
  while (p < data.length && (data[p] as number) <= 32) p++;
  return p;
}

const beginsComment = (byte: number | undefined): boolean =>
  byte === DASH || byte === SLASH || byte === STAR || byte === HASH;

/** Behind the comment that begins at `at`; -1 if its end has not come, `undefined` if none begins there. */
export function commentEnd(data: Buffer, at: number): number | undefined {
  const byte = data[at];
  const next = data[at + 1];
  if (byte === HASH || (byte === DASH && next === DASH && isDashComment(data[at + 2] ?? 0))) {
    const end = data.indexOf(NEWLINE, at);
    return end < 0 ? -1 : end + 1;
  }
  if (byte === STAR && next === SLASH) return at + 2;
  if (byte !== SLASH || next !== STAR) return undefined;
  if (isExecuted(data, at)) return executedFrom(data, at);
  const end = data.indexOf("*/", at + 2);
  return end < 0 ? -1 : end + 2;
}

/** Version of the mark that MariaDB puts around what only its client understands. */
const NEVER_EXECUTED = 999_999;

/** Behind `/*!40101`, whose inside counts; a version that no server has makes all of it a comment. */
function executedFrom(data: Buffer, at: number): number {
  const digits = data.indexOf(33, at) + 1;
  let p = digits;
  while (p < data.length && (data[p] as number) >= 48 && (data[p] as number) <= 57) p++;
  if (p === data.length) return -1;
  if (Number(data.toString("latin1", digits, p) || "0") < NEVER_EXECUTED) return p;
  const end = data.indexOf("*/", p);
  return end < 0 ? -1 : end + 2;
}
