// What is asked of a dump, and what is found in it.
import type { TableDefinition } from "./table-definition.ts";

export type WantedTable = {
  readonly name: string;
  /** Columns to keep, in this order. */
  readonly columns: readonly string[];
};

export type DumpTable = {
  readonly name: string;
  /** `undefined`: the dump never says USE. */
  readonly schema: string | undefined;
  readonly definition: TableDefinition;
  /** Values of the wanted columns; a column that the table lacks is `null`. */
  readonly rows: (string | null)[][];
};

export type DumpContent = {
  readonly tables: readonly DumpTable[];
  /** Wanted tables of schemas that do not count. */
  readonly elsewhere: readonly Pick<DumpTable, "name" | "schema">[];
  /** Text of the trailer, such as `2026-11-22  6:59:06`. */
  readonly completed: string | undefined;
};
