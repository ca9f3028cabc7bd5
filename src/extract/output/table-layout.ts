// What a line of a table of events consists of, before it becomes text. A source's row is turned into cells, the cells into a
// line of CSV or JSON, or into a row of Parquet.
//
//   kind             cell                              CSV v0.2            CSV v0.3            JSON
//   masked           text, "" for NULL                 text                text                string
//   text             text or null                      text, None          text, None          string, null
//   integer          number or null                    512, None           512, None           512, null
//   time             microseconds or null              2015-09-17T...      the same            string, null
//   seconds          number or null                    66296.0 (%.12g)     66296.0 (shortest)  66296.0
//   machine-seconds  the same, -1 before the epoch     -1                  -1                  -1
//   properties       flat object                       -                   Python dictionary   object
export type ColumnKind =
  | "masked"
  | "text"
  | "integer"
  | "time"
  | "seconds"
  | "machine-seconds"
  | "properties";

export type Properties = Readonly<Record<string, string | number | null>>;
export type Cell = string | number | null | Properties;

export type Column = {
  readonly name: string;
  readonly kind: ColumnKind;
  /** Seconds only: the time column that they are computed from, and the one they count from if it is not the epoch. */
  readonly of?: string;
  readonly since?: string;
};

/** Columns that identify together, although none does alone; their names as in the header. */
type QuasiIdentifier = { readonly name: string; readonly columns: readonly string[] };

export type TableLayout = {
  readonly columns: readonly Column[];
  readonly quasiIdentifiers: readonly QuasiIdentifier[];
};

/** Three numbers by which rows are ordered, one after the other. */
export type SortKey = [number, number, number];
