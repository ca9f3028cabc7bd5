// Reads one tuple of an INSERT: where each value lies. Text is made only of the values that somebody asks for.
//
//   ( 'a\'b' , NULL , _binary 'x' , 0x6e6f , b'1' , -1.5 )
//     escaped  null   plain         hex      bits   bare
import { DumpFault } from "./dump-fault.ts";
import { behindBlanks } from "./sql-lexer.ts";
import { decoded, type SqlText, unescaped } from "./sql-text.ts";

const DOUBLE = 34;
const SINGLE = 39;
const OPEN = 40;
const CLOSE = 41;
const COMMA = 44;
const MINUS = 45;
const BACKSLASH = 92;
const LOWER_X = 120;

const Shape = { null: 0, bare: 1, plain: 2, escaped: 3, hex: 4, bits: 5 } as const;
type Shape = (typeof Shape)[keyof typeof Shape];

/** The input ends within the tuple. */
export const INCOMPLETE = -1;
/** More than Nova's widest table by far. */
const VALUES_MAX = 4096;
// Letters, digits and signs that numbers, NULL and introducers such as _utf8mb4 consist of.
const BARE_WORD = new Uint8Array(256).map((_, byte) =>
  /[A-Za-z0-9_.+-]/.test(String.fromCharCode(byte)) ? 1 : 0,
);

export class RowReader {
  #data: Buffer = Buffer.alloc(0);
  #text: SqlText = { charset: "utf8", noBackslash: false };
  readonly #from = new Float64Array(VALUES_MAX);
  readonly #to = new Float64Array(VALUES_MAX);
  readonly #shape = new Uint8Array(VALUES_MAX);
  /** The byte the value at hand is quoted with. */
  readonly #quote = new Uint8Array(VALUES_MAX);
  /** Values of the tuple. */
  count = 0;

  /** Reads the tuple whose parenthesis opens at `at`; returns behind its end, or INCOMPLETE. */
  read(data: Buffer, at: number, text: SqlText): number {
    this.#data = data;
    this.#text = text;
    this.count = 0;
    if (data[at] !== OPEN) throw new DumpFault("a row does not begin with a parenthesis");
    let p = at + 1;
    for (;;) {
      if (this.count === VALUES_MAX) throw new DumpFault(`a row has over ${VALUES_MAX} values`);
      p = this.#value(behindBlanks(data, p));
      if (p === INCOMPLETE) return INCOMPLETE;
      this.count++;
      p = behindBlanks(data, p);
      if (p >= data.length) return INCOMPLETE;
      if (data[p] === CLOSE) return p + 1;
      if (data[p] !== COMMA) throw new DumpFault("a value of a row is followed by something else");
      p++;
    }
  }

  /** Text of value `index`; a NULL is `null`. Valid until the next `read`. */
  text(index: number): string | null {
    const from = this.#from[index] as number;
    const to = this.#to[index] as number;
    const shape = this.#shape[index] as Shape;
    switch (shape) {
      case Shape.null:
        return null;
      case Shape.bare:
        return this.#data.toString("latin1", from, to);
      case Shape.plain:
        if (this.#text.charset === "utf8") return this.#data.toString("utf8", from, to);
        return decoded(this.#data.subarray(from, to), this.#text.charset);
      case Shape.escaped:
        return this.#unescaped(index, from, to);
      case Shape.hex:
        return decoded(hexBytes(this.#data.toString("latin1", from, to)), this.#text.charset);
      case Shape.bits:
        return BigInt(`0b${this.#data.toString("latin1", from, to) || "0"}`).toString();
      default:
        return shape satisfies never;
    }
  }

  #unescaped(index: number, from: number, to: number): string {
    const quote = this.#quote[index] as number;
    const escapes = !this.#text.noBackslash;
    return unescaped(this.#data, { from, to, quote, escapes }, this.#text);
  }

  #value(at: number): number {
    const byte = this.#data[at];
    if (byte === SINGLE || byte === DOUBLE) return this.#string(at);
    return this.#bare(at);
  }

  #string(at: number): number {
    const data = this.#data;
    const end = data.length;
    const quote = data[at] as number;
    const escaping = this.#text.noBackslash ? quote : BACKSLASH;
    let shape: Shape = Shape.plain;
    let p = at + 1;
    for (;;) {
      while (p < end && data[p] !== quote && data[p] !== escaping) p++;
      // Behind a quote at the very end there may come a second one.
      if (p + 1 >= end) return INCOMPLETE;
      if (data[p] === quote && data[p + 1] !== quote) break;
      shape = Shape.escaped;
      p += 2;
    }
    this.#keep(shape, at + 1, p);
    this.#quote[this.count] = quote;
    return p + 1;
  }

  #bare(at: number): number {
    const data = this.#data;
    let p = at;
    while (p < data.length && BARE_WORD[data[p] as number] === 1) p++;
    if (p >= data.length) return INCOMPLETE;
    if (p === at)
      throw new DumpFault("a row holds a value that is neither text nor number nor NULL");
    const first = data[at] as number;
    // Nearly all bare values are numbers.
    if (isDigit(first) ? ((data[at + 1] as number) | 32) !== LOWER_X : first === MINUS) {
      this.#keep(Shape.bare, at, p);
      return p;
    }
    return this.#word(at, p);
  }

  #word(at: number, end: number): number {
    const word = this.#data.toString("latin1", at, end).toUpperCase();
    if (word === "NULL") this.#keep(Shape.null, at, end);
    else if (word.startsWith("0X")) this.#keep(Shape.hex, at + 2, end);
    else if (/^[_XBN]/.test(word)) return this.#introduced(word, behindBlanks(this.#data, end));
    else this.#keep(Shape.bare, at, end);
    return end;
  }

  /** `_binary '...'`, `N'...'`, `X'...'`, `b'...'`. */
  #introduced(word: string, at: number): number {
    if (at >= this.#data.length) return INCOMPLETE;
    if (this.#data[at] !== SINGLE)
      throw new DumpFault("a row holds a word where a value should be");
    const p = this.#string(at);
    if (word === "X") this.#shape[this.count] = Shape.hex;
    if (word === "B") this.#shape[this.count] = Shape.bits;
    return p;
  }

  #keep(shape: Shape, from: number, to: number): void {
    this.#shape[this.count] = shape;
    this.#from[this.count] = from;
    this.#to[this.count] = to;
  }
}

const isDigit = (byte: number): boolean => byte >= 48 && byte <= 57;

function hexBytes(digits: string): Buffer {
  if (!/^([0-9a-f]{2})*$/i.test(digits))
    throw new DumpFault("a row holds a broken hexadecimal value");
  return Buffer.from(digits, "hex");
}
