// Reads a few tables out of an SQL dump that comes in pieces of any size. No server, and no more memory than the rows
// that are kept and the longest row.
//
//   between --first word--> head of a statement --INSERT of a wanted table--> rows --delimiter--> between
//      ^                        |
//      |                        +--anything else--> skip --delimiter--> between
//      +--CREATE TABLE, DROP, USE, SET, DELIMITER: read at once
import type { DumpContent, DumpTable, WantedTable } from "./dump-content.ts";
import { DumpFault } from "./dump-fault.ts";
import { HeldPieces, UNIT_BYTES_MAX } from "./held-pieces.ts";
import { INCOMPLETE, RowReader } from "./row-reader.ts";
import { behindBlanks, commentEnd, NeedsMore, SqlLexer } from "./sql-lexer.ts";
import { columnList, nameOf, type QualifiedName, qualifiedName, restOf } from "./sql-phrases.ts";
import { SqlSession } from "./sql-session.ts";
import { SqlSkipper } from "./sql-skipper.ts";
import { tableDefinition } from "./table-definition.ts";

type Insert = {
  readonly table: DumpTable;
  readonly places: readonly number[];
  readonly width: number;
};

type MutableTable = { -readonly [K in keyof DumpTable]: DumpTable[K] };

const NEWLINE = 10;
const OPEN = 40;
const COMMA = 44;
const BOM = [0xef, 0xbb, 0xbf];

export class DumpReader {
  readonly #wanted: readonly WantedTable[];
  readonly #schemas: readonly string[];
  readonly #session = new SqlSession();
  readonly #skipper = new SqlSkipper();
  readonly #row = new RowReader();
  readonly #tables = new Map<string, MutableTable>();
  readonly #elsewhere = new Map<string, Pick<DumpTable, "name" | "schema">>();
  readonly #held = new HeldPieces();
  #mode: "start" | "between" | "rows" | "skip" = "start";
  #insert: Insert | undefined;
  /** Bytes before the held ones. */
  #offset = 0;
  #headed = false;
  #completed: string | undefined;
  #isComplete = false;

  /** Only tables of `schemas` count once the dump says USE. */
  constructor({ wanted, schemas }: { wanted: readonly WantedTable[]; schemas: readonly string[] }) {
    this.#wanted = wanted;
    this.#schemas = schemas;
  }

  /** Takes the next piece, which may be reused afterwards only if it is copied. Throws a DumpFault. */
  write(piece: Buffer): void {
    const data = this.#held.add(piece);
    if (data === undefined) return;
    const at = this.#advance(data, false);
    this.#offset += at;
    this.#held.keep(data.subarray(at));
    if (data.length - at > UNIT_BYTES_MAX)
      throw new DumpFault(`has a row or a statement of over 64 MiB at byte ${this.#offset}`);
  }

  /** Ends the dump. Throws a DumpFault if it is cut off. */
  end(): DumpContent {
    const data = this.#held.joined();
    const at = this.#advance(data, true);
    const cut = at < data.length || this.#mode === "rows" || this.#mode === "skip";
    if (cut) throw new DumpFault(`is cut off within a statement, at byte ${this.#offset + at}`);
    if (this.#headed && !this.#isComplete)
      throw new DumpFault(
        "is cut off: it begins as a dump, but the line Dump completed is missing",
      );
    const [tables, elsewhere] = [[...this.#tables.values()], [...this.#elsewhere.values()]];
    return { tables, elsewhere, completed: this.#completed };
  }

  /** Goes as far as the data allow; returns where to go on. */
  #advance(data: Buffer, final: boolean): number {
    let at = 0;
    for (;;) {
      const next = this.#step(data, at, final);
      if (next === undefined) return at;
      at = next;
    }
  }

  /** One comment, head, row or skipped part; `undefined` when more data are needed. */
  #step(data: Buffer, at: number, final: boolean): number | undefined {
    switch (this.#mode) {
      case "start":
        if (data.length < BOM.length && !final) return undefined;
        this.#mode = "between";
        return BOM.every((byte, i) => data[i] === byte) ? BOM.length : 0;
      case "between":
        return this.#between(data, at, final);
      case "rows":
        return this.#nextRow(data, at, final);
      case "skip": {
        const next = this.#skipper.skip(data, { at, final });
        if (this.#skipper.ended) this.#mode = "between";
        else if (next === at) return undefined;
        return next;
      }
      default:
        return this.#mode satisfies never;
    }
  }

  #between(data: Buffer, from: number, final: boolean): number | undefined {
    const at = behindBlanks(data, from);
    if (at === data.length) return at === from ? undefined : at;
    if (data.length - at < 4 && !final) return undefined;
    const behind = commentEnd(data, at);
    if (behind === -1 && !final) return undefined;
    if (behind !== undefined) {
      const end = behind === -1 ? data.length : behind;
      this.#note(data, at, end);
      return end;
    }
    return this.#statement(data, at, final);
  }

  /** Comments at the beginning and the end of a dump tell whether it is whole. */
  #note(data: Buffer, from: number, to: number): void {
    if (data[from] !== 45) return;
    const line = data.toString("latin1", from, Math.min(to, from + 120)).trimEnd();
    if (/^-- (MySQL|MariaDB) dump /.test(line)) this.#headed = true;
    const trailer = /^-- Dump completed(?: on (.*))?$/.exec(line);
    if (trailer === null) return;
    this.#isComplete = true;
    this.#completed = trailer[1];
  }

  #statement(data: Buffer, at: number, final: boolean): number | undefined {
    try {
      const lexer = new SqlLexer(data, { at, final, modes: this.#session });
      return this.#head(lexer, at, data);
    } catch (error) {
      if (error instanceof NeedsMore) return undefined;
      throw error;
    }
  }

  #head(lexer: SqlLexer, at: number, data: Buffer): number | undefined {
    const first = lexer.need();
    if (first.kind === "end") return lexer.at;
    switch (first.kind === "word" ? first.upper : "") {
      case "USE":
        this.#session.schema = nameOf(lexer.need());
        return this.#skipFrom(lexer.at);
      case "SET":
        this.#session.set(restOf(lexer));
        return lexer.at;
      case "DELIMITER":
        return this.#delimiter(data, lexer.at);
      case "CREATE":
        return this.#create(lexer, at);
      case "DROP":
        return this.#drop(lexer, at);
      case "INSERT":
      case "REPLACE":
        return this.#into(lexer, at);
      default:
        return this.#skipFrom(at);
    }
  }

  /** A command of the client: the rest of the line. */
  #delimiter(data: Buffer, at: number): number | undefined {
    const end = data.indexOf(NEWLINE, at);
    if (end < 0) return undefined;
    const text = data.toString("latin1", at, end).trim();
    if (text === "") throw new DumpFault(`has an empty DELIMITER at byte ${this.#offset + at}`);
    this.#session.delimiter = Buffer.from(text, "latin1");
    return end + 1;
  }

  #create(lexer: SqlLexer, at: number): number {
    const second = lexer.need();
    if (second.kind !== "word" || second.upper !== "TABLE") return this.#skipFrom(at);
    const place = this.#place(qualifiedName(lexer, ["IF", "NOT", "EXISTS"]));
    if (place === undefined) return this.#skipFrom(at);
    const definition = tableDefinition(lexer);
    if (definition === undefined) return this.#skipFrom(at);
    this.#table(place).definition = definition;
    return lexer.at;
  }

  #drop(lexer: SqlLexer, at: number): number {
    const second = lexer.need();
    if (second.kind !== "word" || second.upper !== "TABLE") return this.#skipFrom(at);
    for (;;) {
      const place = this.#place(qualifiedName(lexer, ["IF", "EXISTS"]));
      if (place !== undefined) this.#tables.delete(keyOf(place));
      const token = lexer.need();
      if (token.kind === "mark" && token.text === ",") continue;
      return token.kind === "end" ? lexer.at : this.#skipFrom(lexer.at);
    }
  }

  #into(lexer: SqlLexer, at: number): number {
    const modifiers = ["LOW_PRIORITY", "DELAYED", "HIGH_PRIORITY", "IGNORE", "INTO"];
    const place = this.#place(qualifiedName(lexer, modifiers));
    if (place === undefined) return this.#skipFrom(at);
    const table = this.#table(place);
    let token = lexer.need();
    let columns = table.definition.columns;
    if (token.kind === "mark" && token.text === "(") {
      columns = columnList(lexer);
      if (table.definition.columns.length === 0) table.definition = { columns, exact: new Set() };
      token = lexer.need();
    }
    if (token.kind !== "word" || !/^VALUES?$/.test(token.upper))
      throw new DumpFault(`has an INSERT INTO ${table.name} without VALUES`);
    if (columns.length === 0)
      throw new DumpFault(
        `has rows of ${table.name} but neither CREATE TABLE nor column names before them`,
      );
    this.#insert = {
      table,
      places: place.wanted.columns.map((column) => columns.indexOf(column)),
      width: columns.length,
    };
    this.#mode = "rows";
    return lexer.at;
  }

  #nextRow(data: Buffer, from: number, final: boolean): number | undefined {
    let at = from;
    while (at < data.length && ((data[at] as number) <= 32 || data[at] === COMMA)) at++;
    if (at === data.length) return at === from ? undefined : at;
    // The delimiter, or what may follow the rows: ON DUPLICATE KEY UPDATE.
    if (data[at] !== OPEN) return this.#skipFrom(at);
    const behind = this.#row.read(data, at, this.#session);
    if (behind === INCOMPLETE) {
      if (final) throw new DumpFault(`is cut off within a row, at byte ${this.#offset + at}`);
      return at === from ? undefined : at;
    }
    this.#keepRow();
    return behind;
  }

  #keepRow(): void {
    const { table, places, width } = this.#insert as Insert;
    if (this.#row.count !== width)
      throw new DumpFault(
        `has a row of ${table.name} with ${this.#row.count} values for ${width} columns`,
      );
    table.rows.push(places.map((place) => (place < 0 ? null : this.#row.text(place))));
  }

  #skipFrom(at: number): number {
    this.#mode = "skip";
    this.#skipper.begin(this.#session);
    return at;
  }

  /** Where a table of that name is kept, if anybody wants it. */
  #place(name: QualifiedName): Place | undefined {
    const wanted = this.#wanted.find((table) => table.name === name.table);
    const schema = name.schema ?? this.#session.schema;
    if (wanted === undefined) return undefined;
    const place = { wanted, schema };
    if (schema === undefined || this.#schemas.includes(schema)) return place;
    this.#elsewhere.set(keyOf(place), { name: wanted.name, schema });
    return undefined;
  }

  #table(place: Place): MutableTable {
    const key = keyOf(place);
    const known = this.#tables.get(key);
    if (known !== undefined) return known;
    const definition = { columns: [], exact: new Set<string>() };
    const table = { name: place.wanted.name, schema: place.schema, definition, rows: [] };
    this.#tables.set(key, table);
    return table;
  }
}

type Place = { readonly wanted: WantedTable; readonly schema: string | undefined };

const keyOf = ({ wanted, schema }: Place): string => `${schema ?? ""}.${wanted.name}`;
