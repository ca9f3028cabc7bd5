// What the statements of a dump set for those behind them: schema, sql_mode, character set, delimiter.
import { DumpFault } from "./dump-fault.ts";
import type { Token } from "./sql-lexer.ts";
import type { SqlText } from "./sql-text.ts";

const UTF8 = new Set(["UTF8", "UTF8MB3", "UTF8MB4", "ASCII"]);

export class SqlSession {
  charset: SqlText["charset"] = "utf8";
  noBackslash = false;
  ansiQuotes = false;
  delimiter: Uint8Array = new Uint8Array([59]);
  /** `undefined` before the first USE: all tables count then. */
  schema: string | undefined;
  #mode = "";
  readonly #saved = new Map<string, string>();

  /** The tokens behind SET. */
  set(tokens: readonly Token[]): void {
    const words = tokens.map(plain);
    const first = words[0]?.toUpperCase();
    if (first === "NAMES") this.#names(words[1] ?? "");
    else if (first === "CHARACTER" && words[1]?.toUpperCase() === "SET")
      this.#names(words[2] ?? "");
    else for (const assignment of split(tokens)) this.#assign(assignment);
  }

  #names(charset: string): void {
    const name = charset.toUpperCase();
    if (UTF8.has(name)) this.charset = "utf8";
    else if (name === "LATIN1") this.charset = "latin1";
    else if (name !== "DEFAULT" && !name.startsWith("@"))
      throw new DumpFault(
        `is written in character set ${charset}; dump again with --default-character-set=utf8mb4`,
      );
  }

  #assign(tokens: readonly Token[]): void {
    const equals = tokens.findIndex((token) => token.kind === "mark" && token.text === "=");
    const left = lastWord(tokens.slice(0, Math.max(0, equals)));
    const right = tokens[equals + 1];
    if (equals < 0 || right === undefined) return;
    const value = plain(right);
    if (left === "SQL_MODE" || left === "@@SQL_MODE") {
      if (right.kind === "string") this.#setMode(value);
      else if (right.kind === "word") this.#setMode(this.#saved.get(value.toUpperCase()) ?? "");
    } else if (left.startsWith("@") && value.toUpperCase() === "@@SQL_MODE") {
      this.#saved.set(left, this.#mode);
    }
  }

  #setMode(mode: string): void {
    this.#mode = mode;
    const modes = mode.toUpperCase().split(",");
    this.noBackslash = modes.includes("NO_BACKSLASH_ESCAPES");
    this.ansiQuotes = modes.includes("ANSI_QUOTES") || modes.includes("ANSI");
  }
}

/** Assignments between commas. */
function split(tokens: readonly Token[]): Token[][] {
  const parts: Token[][] = [[]];
  for (const token of tokens) {
    if (token.kind === "mark" && token.text === ",") parts.push([]);
    else parts.at(-1)?.push(token);
  }
  return parts;
}

const plain = (token: Token): string => ("text" in token ? token.text : "");

const lastWord = (tokens: readonly Token[]): string => {
  const word = tokens.findLast((token) => token.kind === "word");
  return word?.kind === "word" ? word.upper : "";
};
