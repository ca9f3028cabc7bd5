import { TagTable } from "./tag-table.ts";
import { ValueTag } from "./value-tag.ts";

/** Columns that are counted together. */
export type CountedGroup = { readonly name: string; readonly columns: readonly number[] };

export type GroupCounts = {
  readonly name: string;
  readonly rows: number;
  readonly distinct: number;
  /** Values, or combinations of them, that only one row has. */
  readonly singletons: number;
  /** Rows of the rarest value or combination; 0 without rows. */
  readonly smallestClass: number;
};

const TABLE_BYTES_PER_ENTRY = 48;
const UNIT_SEPARATOR = "\u001f";

/** How many readings of the output the counting takes within so much memory, at worst. */
export const uniquenessPasses = (entries: number, limitBytes: number): number =>
  Math.max(1, Math.ceil((entries * TABLE_BYTES_PER_ENTRY) / limitBytes));

/** Counts how often each value of a group occurs: in one reading, or in several, each for a part of the values. */
export class Uniqueness {
  readonly #groups: readonly CountedGroup[];
  readonly #passes: number;
  readonly #tag = new ValueTag();
  readonly #sums: { rows: number; distinct: number; singletons: number; smallestClass: number }[];
  #table = new TagTable();
  #pass = 0;

  constructor(groups: readonly CountedGroup[], passes: number) {
    this.#groups = groups;
    this.#passes = passes;
    this.#sums = groups.map(() => ({
      rows: 0,
      distinct: 0,
      singletons: 0,
      smallestClass: Number.POSITIVE_INFINITY,
    }));
  }

  row(fields: readonly string[]): void {
    for (const [number, { columns }] of this.#groups.entries()) {
      const [first = 0] = columns;
      const text =
        columns.length === 1
          ? (fields[first] ?? "")
          : columns.map((at) => fields[at]).join(UNIT_SEPARATOR);
      const { high, low } = this.#tag.of(text, number);
      if (low % this.#passes !== this.#pass) continue;
      const at = this.#table.claim(high, low);
      this.#table.store(at, this.#table.first(at) + 1, number);
    }
  }

  /** Ends a reading of the output. */
  endPass(): void {
    this.#table.forEach(({ first: rows, second: number }) => {
      const sum = this.#sums[number];
      if (sum === undefined) return;
      sum.rows += rows;
      sum.distinct++;
      if (rows === 1) sum.singletons++;
      sum.smallestClass = Math.min(sum.smallestClass, rows);
    });
    this.#table = new TagTable();
    this.#pass++;
  }

  counts(): readonly GroupCounts[] {
    return this.#groups.map(({ name }, number) => {
      const sum = this.#sums[number];
      const { rows = 0, distinct = 0, singletons = 0, smallestClass = 0 } = sum ?? {};
      return { name, rows, distinct, singletons, smallestClass: rows === 0 ? 0 : smallestClass };
    });
  }
}
