// Pieces that the heads of several statements have in common.
import type { SqlLexer, Token } from "./sql-lexer.ts";

export type QualifiedName = { readonly schema: string | undefined; readonly table: string };

/** Text of a name, quoted or not. */
export const nameOf = (token: Token): string => ("text" in token ? token.text : "");

/** Everything up to the end of the statement. */
export function restOf(lexer: SqlLexer): Token[] {
  const tokens: Token[] = [];
  for (let token = lexer.need(); token.kind !== "end"; token = lexer.need()) tokens.push(token);
  return tokens;
}

/** `table` or `schema.table`, behind words that may stand before it. */
export function qualifiedName(lexer: SqlLexer, before: readonly string[]): QualifiedName {
  let token = lexer.need();
  while (token.kind === "word" && before.includes(token.upper)) token = lexer.need();
  const name = nameOf(token);
  const behind = lexer.at;
  const dot = lexer.need();
  if (dot.kind === "mark" && dot.text === ".") return { schema: name, table: nameOf(lexer.need()) };
  lexer.at = behind;
  return { schema: undefined, table: name };
}

/** Names up to the closing parenthesis. */
export function columnList(lexer: SqlLexer): string[] {
  const columns: string[] = [];
  for (;;) {
    const token = lexer.need();
    if (token.kind === "end" || (token.kind === "mark" && token.text === ")")) return columns;
    if (token.kind !== "mark") columns.push(nameOf(token));
  }
}
