// CREATE TABLE: names of the columns in order, and how text in them compares.
import type { SqlLexer, Token } from "./sql-lexer.ts";
import { restOf } from "./sql-phrases.ts";

export type TableDefinition = {
  readonly columns: readonly string[];
  /** Columns that distinguish case and trailing blanks. */
  readonly exact: ReadonlySet<string>;
};

// Words that begin an index or a constraint; a column of that name is quoted.
const NO_COLUMN = new Set([
  "PRIMARY",
  "KEY",
  "UNIQUE",
  "INDEX",
  "CONSTRAINT",
  "FULLTEXT",
  "SPATIAL",
  "CHECK",
  "FOREIGN",
  "PERIOD",
]);

type Element = { readonly name: string | undefined; readonly collation: string | undefined };

/** Reads behind the table's name to the end of the statement; `undefined` for CREATE TABLE ... LIKE or SELECT. */
export function tableDefinition(lexer: SqlLexer): TableDefinition | undefined {
  const first = lexer.need();
  if (first.kind !== "mark" || first.text !== "(") return undefined;
  const elements: Element[] = [];
  for (;;) {
    const { tokens, last } = element(lexer);
    if (tokens.length > 0) elements.push(elementOf(tokens));
    if (last) break;
  }
  const fallback = collationOf(restOf(lexer)) ?? "";
  const columns = elements.flatMap(({ name, collation }) =>
    name === undefined ? [] : [{ name, collation: collation ?? fallback }],
  );
  return {
    columns: columns.map(({ name }) => name),
    exact: new Set(columns.filter((column) => isExact(column.collation)).map(({ name }) => name)),
  };
}

/** One column, index or constraint: up to a comma outside of parentheses, or the parenthesis that ends the table. */
function element(lexer: SqlLexer): { tokens: Token[]; last: boolean } {
  const tokens: Token[] = [];
  let depth = 0;
  for (;;) {
    const token = lexer.need();
    const mark = token.kind === "mark" ? token.text : "";
    if (token.kind === "end" || (depth === 0 && mark === ")")) return { tokens, last: true };
    if (depth === 0 && mark === ",") return { tokens, last: false };
    depth += DEPTH[mark] ?? 0;
    tokens.push(token);
  }
}

const DEPTH: Readonly<Record<string, number>> = { "(": 1, ")": -1 };

function elementOf(tokens: readonly Token[]): Element {
  const [first] = tokens;
  const name =
    first?.kind === "name" || (first?.kind === "word" && !NO_COLUMN.has(first.upper))
      ? first.text
      : undefined;
  return { name, collation: collationOf(tokens.slice(1)) };
}

/** Text behind COLLATE, or else the name of a character set, if either is named. */
function collationOf(tokens: readonly Token[]): string | undefined {
  const behind = (word: string): string | undefined => {
    const at = tokens.findIndex((token) => token.kind === "word" && token.upper === word);
    const next = tokens.slice(at + 1).find((token) => token.kind !== "mark");
    return at >= 0 && next !== undefined && "text" in next ? next.text : undefined;
  };
  return behind("COLLATE") ?? behind("CHARSET") ?? behind("SET");
}

const isExact = (collation: string): boolean => /(_bin|_cs|^binary)$/i.test(collation);
