// From the text of a glob to its levels.
//
//   /a/x*/**/{b,c?}/[!d-f]
//    |  |  |    |      |
//    |  |  |    |      class: one character, by ranges
//    |  |  |    alternatives, written out: two patterns for one level
//    |  |  any number of levels
//    |  pieces: text "x", then a run
//    pieces: text "a"
import { decodedToken } from "./subject.ts";

/** One piece of a level: text as it stands, any one character, any run of characters, or one out of a class. */
export type GlobPiece =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "one" }
  | { readonly kind: "run" }
  | { readonly kind: "class"; readonly isNegated: boolean; readonly ranges: readonly CodeRange[] };
/** Code points, both ends inclusive. */
type CodeRange = readonly [from: number, to: number];
export type GlobPattern = readonly GlobPiece[];
/** One level: any of its patterns, or (`deep`) any number of levels. */
export type GlobLevel =
  | { readonly kind: "deep" }
  | { readonly kind: "level"; readonly patterns: readonly GlobPattern[] };

/** What is wrong with a glob. `column` counts characters from 1. */
export class GlobProblem extends Error {
  readonly column: number;

  constructor(text: string, { column, reason }: { column: number; reason: string }) {
    super(`${reason} (column ${column} of ${JSON.stringify(text)})`);
    this.column = column;
  }
}

const GLOB_CHARACTERS_MAX = 65_535;
/** Patterns that the alternatives of one level may be written out to: `{a,b}{c,d}` makes four. */
const PATTERNS_MAX = 256;

/** The levels of a glob, or of a subject with NATS wildcards such as `a.*.>`. Throws a GlobProblem. */
export function globLevels(text: string): readonly GlobLevel[] {
  if (text.length > GLOB_CHARACTERS_MAX) {
    const shown = `${text.slice(0, 40)}…`;
    throw new GlobProblem(shown, { column: 1, reason: `longer than ${GLOB_CHARACTERS_MAX}` });
  }
  if (text.startsWith("/")) return new LevelReader(text).levels();
  if (isSubject(text)) return subjectLevels(text);
  throw new GlobProblem(text, { column: 1, reason: "glob paths must be absolute" });
}

/** A bare word is rather a path that lost its slash than a subject of one token. */
const isSubject = (text: string): boolean => /^[^\s/]*(?:\.|^>$)[^\s/]*$/.test(text);

const deep: GlobLevel = { kind: "deep" };
const piecesOfText = (text: string): GlobPattern => (text === "" ? [] : [{ kind: "text", text }]);

function subjectLevels(subject: string): GlobLevel[] {
  const tokens = subject.split(".");
  let column = 1;
  return tokens.map((token, index) => {
    const at = column;
    column += token.length + 1;
    if (token === ">" && index === tokens.length - 1) return deep;
    if (token === "*") return { kind: "level", patterns: [[{ kind: "run" }]] };
    const reason = tokenProblem(token);
    if (reason !== undefined) throw new GlobProblem(subject, { column: at, reason });
    return { kind: "level", patterns: [piecesOfText(decodedToken(token))] };
  });
}

function tokenProblem(token: string): string | undefined {
  if (token === "") return "a subject has no empty token";
  if (token.includes(">")) return "> stands alone and last in a subject";
  return token.includes("*") ? "* stands alone between the dots of a subject" : undefined;
}

/** Reads one glob from left to right. */
class LevelReader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  levels(): GlobLevel[] {
    const levels: GlobLevel[] = [];
    while (this.#at < this.#text.length) {
      this.#at++;
      levels.push(this.#level());
    }
    return levels;
  }

  #level(): GlobLevel {
    if (this.#takes("**")) {
      if (!this.#isLevelEnd()) this.#fail("** stands for whole levels: nothing else beside it");
      return deep;
    }
    let patterns: GlobPattern[] = [[]];
    while (!this.#isLevelEnd()) {
      const from = this.#at;
      const choices = this.#text[this.#at] === "{" ? this.#alternatives() : [[this.#piece()]];
      if (patterns.length * choices.length > PATTERNS_MAX) {
        this.#fail(`more than ${PATTERNS_MAX} alternatives in one level`, from);
      }
      patterns = patterns.flatMap((head) => choices.map((tail) => joined(head, tail)));
    }
    return { kind: "level", patterns };
  }

  #alternatives(): GlobPattern[] {
    const opening = this.#at++;
    const choices: GlobPattern[] = [];
    let pieces: GlobPattern = [];
    for (;;) {
      if (this.#isLevelEnd()) this.#fail("{ without its } in the same level", opening);
      if (this.#text[this.#at] === "{") this.#fail("alternatives inside alternatives");
      if (this.#takes("}")) return [...choices, pieces];
      if (this.#takes(",")) {
        choices.push(pieces);
        pieces = [];
      } else pieces = joined(pieces, [this.#piece()]);
    }
  }

  #piece(): GlobPiece {
    const from = this.#at;
    const character = this.#character();
    switch (character) {
      case "*":
        if (this.#text[this.#at] === "*")
          this.#fail("** stands for whole levels: nothing else beside it", from);
        return { kind: "run" };
      case "?":
        return { kind: "one" };
      case "[":
        return this.#class(from);
      case "}":
        return this.#fail("} without its {", from);
      case "\\":
        return { kind: "text", text: this.#escaped(from) };
      default:
        return { kind: "text", text: character };
    }
  }

  #class(opening: number): GlobPiece {
    const isNegated = this.#takes("!");
    const ranges: CodeRange[] = [];
    // A bracket that closes nothing, right at the beginning, is a member.
    while (ranges.length === 0 || this.#text[this.#at] !== "]") {
      const start = this.#at;
      const from = this.#member(opening);
      const isRange = this.#text[this.#at] === "-" && this.#text[this.#at + 1] !== "]";
      if (isRange) this.#at++;
      const to = isRange ? this.#member(opening) : from;
      if (to < from) this.#fail("a range from back to front", start);
      ranges.push([from, to]);
    }
    this.#at++;
    return { kind: "class", isNegated, ranges };
  }

  #member(opening: number): number {
    if (this.#isLevelEnd()) this.#fail("[ without its ] in the same level", opening);
    const from = this.#at;
    const character = this.#character();
    const member = character === "\\" ? this.#escaped(from) : character;
    return member.codePointAt(0) ?? 0;
  }

  #escaped(backslash: number): string {
    if (this.#isLevelEnd()) this.#fail("\\ with no character behind it to be escaped", backslash);
    return this.#character();
  }

  #character(): string {
    const character = String.fromCodePoint(this.#text.codePointAt(this.#at) ?? 0);
    this.#at += character.length;
    return character;
  }

  #takes(token: string): boolean {
    if (!this.#text.startsWith(token, this.#at)) return false;
    this.#at += token.length;
    return true;
  }

  #isLevelEnd(): boolean {
    return this.#at >= this.#text.length || this.#text[this.#at] === "/";
  }

  #fail(reason: string, at: number = this.#at): never {
    throw new GlobProblem(this.#text, { column: [...this.#text.slice(0, at)].length + 1, reason });
  }
}

/** Two patterns one behind the other; text that meets text becomes one piece, a run that meets a run too. */
function joined(head: GlobPattern, tail: GlobPattern): GlobPattern {
  const last = head.at(-1);
  const [first, ...rest] = tail;
  if (last?.kind === "text" && first?.kind === "text")
    return [...head.slice(0, -1), { kind: "text", text: last.text + first.text }, ...rest];
  return last?.kind === "run" && first?.kind === "run" ? [...head, ...rest] : [...head, ...tail];
}
