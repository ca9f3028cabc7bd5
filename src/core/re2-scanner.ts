import { literal, perlSet, posixSet, unicodeClass } from "./re2-set.ts";

/** Why an expression cannot be used; the words go behind the expression in a message. */
export class Re2Problem extends Error {}

const controls: Readonly<Record<string, number>> = { a: 7, f: 12, t: 9, n: 10, r: 13, v: 11 };
const LAST_CODE_POINT = 0x10ffff;

/** Reads an expression of RE2 from left to right: its escapes and its classes, which mean the same everywhere. */
export class Re2Scanner {
  readonly text: string;
  at = 0;

  constructor(text: string) {
    this.text = text;
  }

  get isDone(): boolean {
    return this.at >= this.text.length;
  }

  startsWith(prefix: string): boolean {
    return this.text.startsWith(prefix, this.at);
  }

  /** The match of a sticky expression at this place, consumed. */
  take(expression: RegExp): RegExpExecArray | undefined {
    expression.lastIndex = this.at;
    const match = expression.exec(this.text);
    if (match === null) return undefined;
    this.at += match[0].length;
    return match;
  }

  /** The next character, consumed. */
  takeCodePoint(): number {
    const codePoint = this.text.codePointAt(this.at);
    if (codePoint === undefined) throw new Re2Problem("ends too early");
    this.at += codePoint > 0xffff ? 2 : 1;
    return codePoint;
  }

  /** A set after a backslash, as text for the inside of a class: `\d`, `\pL`, `\P{Greek}`. */
  takeSetEscape(): string | undefined {
    const perl = this.take(/\\([dswDSW])/y);
    if (perl !== undefined) return perlSet(perl[1] as string);
    const unicode = this.take(/\\([pP])(?:\{([^}]*)\}|([A-Za-z]))/y);
    if (unicode === undefined) return undefined;
    const name = unicode[2] ?? unicode[3] ?? "";
    const text = unicodeClass(name, unicode[1] === "P");
    if (text === undefined) throw new Re2Problem(`names no class of characters: ${unicode[0]}`);
    return text;
  }

  /** The character that a backslash and what follows stand for. */
  takeCharacterEscape(): number {
    const octal = this.take(/\\(0[0-7]{0,2}|[1-7][0-7]{1,2})/y);
    if (octal !== undefined) return Number.parseInt(octal[1] as string, 8);
    const hex = this.take(/\\x(?:\{([0-9A-Fa-f]+)\}|([0-9A-Fa-f]{2}))/y);
    if (hex !== undefined) return codePointOf(hex[0], hex[1] ?? hex[2] ?? "");
    const control = this.take(/\\([aftnrv])/y);
    if (control !== undefined) return controls[control[1] as string] as number;
    const itself = this.take(/\\([\p{ASCII}--[0-9A-Za-z]])/vy);
    if (itself !== undefined) return (itself[1] as string).charCodeAt(0);
    const unknown = this.take(/\\./suy)?.[0];
    if (unknown === undefined) throw new Re2Problem("ends with a single backslash");
    throw new Re2Problem(`has ${unknown}, which RE2 does not know`);
  }

  /** A class from `[` to `]`, as a JavaScript class. */
  takeClass(): string {
    const [opening = ""] = this.take(/\[\^?/y) ?? [];
    const begin = this.at;
    let text = opening;
    // A bracket that closes nothing, right at the beginning, is a member.
    while (this.at === begin || !this.startsWith("]")) {
      if (this.isDone) throw new Re2Problem("has a [ without its ]");
      text += this.#takeMember();
    }
    this.at++;
    return `${text}]`;
  }

  #takeMember(): string {
    const posix = this.take(/\[:(\^?[a-z]*):\]/y);
    if (posix !== undefined) {
      const set = posixSet(posix[1] as string);
      if (set === undefined) throw new Re2Problem(`names no class of characters: ${posix[0]}`);
      return set;
    }
    const set = this.takeSetEscape();
    if (set !== undefined) return set;
    const start = this.at;
    const from = this.#takeMemberCharacter();
    if (this.take(/-(?=[^\]])/uy) === undefined) return literal(from);
    const to = this.#takeMemberCharacter();
    if (to < from) {
      throw new Re2Problem(`has a range from back to front: ${this.text.slice(start, this.at)}`);
    }
    return `${literal(from)}-${literal(to)}`;
  }

  #takeMemberCharacter(): number {
    return this.startsWith("\\") ? this.takeCharacterEscape() : this.takeCodePoint();
  }
}

function codePointOf(written: string, hex: string): number {
  const codePoint = Number.parseInt(hex, 16);
  if (codePoint <= LAST_CODE_POINT) return codePoint;
  throw new Re2Problem(`has ${written}, and there is no such character`);
}
