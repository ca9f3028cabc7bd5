// Runs once per row, straight into the memory where the line stays. Guarded by perf/extract-stream.bench.ts.
import { seconds12, secondsShortest } from "../event-time.ts";
import type { TraceVersion } from "../trace-plan.ts";
import {
  BYTES_PER_UNIT_MAX,
  NUMBER_BYTES_MAX,
  writeNumber,
  writePlain,
  writeSeconds,
  writeTime,
} from "./byte-text.ts";
import { pythonDictionary } from "./python-text.ts";
import type { Cell, Column, ColumnKind } from "./table-layout.ts";

export type CsvStyle = {
  readonly version: TraceVersion;
  /** `original`: nothing is quoted, as Star Compactor v0.2 does. */
  readonly quoting: "minimal" | "original";
  /** Masked cells are pseudonyms of ours: digits, dashes, nothing that needs quotes. */
  readonly masked: boolean;
};

const COMMA = 44;
const NEEDS_QUOTES = /[",\r\n]/;

export const quotedField = (text: string): string =>
  NEEDS_QUOTES.test(text) ? `"${text.replaceAll('"', '""')}"` : text;

const lineEnd = (version: TraceVersion): string => (version === "v0.2" ? "\n" : "\r\n");

export function csvHeader(columns: readonly Column[], version: TraceVersion): string {
  return columns.map(({ name }) => quotedField(name)).join(",") + lineEnd(version);
}

/** Writes cells as a line of CSV with its line end; counts the rows that quoting would have saved. */
export class CsvLine {
  /** Rows in which a field that needs quotes stands without them. */
  brokenRows = 0;
  /** Fields that had to be quoted. */
  quotedFields = 0;
  readonly #kinds: readonly ColumnKind[];
  readonly #end: string;
  readonly #seconds: (value: number) => string;
  readonly #quotes: boolean;
  readonly #isMasked: boolean;
  /** The last text of each column that needed nothing: events and results mostly repeat. */
  readonly #lastPlain: string[];
  #isBroken = false;
  /** Of the cells that `most` was asked about. */
  #dictionary = "";

  constructor(columns: readonly Column[], { version, quoting, masked }: CsvStyle) {
    this.#kinds = columns.map(({ kind }) => kind);
    this.#end = lineEnd(version);
    this.#seconds = version === "v0.2" ? seconds12 : secondsShortest;
    this.#quotes = quoting === "minimal";
    this.#isMasked = masked;
    this.#lastPlain = columns.map(() => "");
  }

  /** Bytes that these cells may take, to be asked before `write`. */
  most(cells: readonly Cell[]): number {
    let units = 0;
    for (let at = 0; at < this.#kinds.length; at++) {
      const cell = cells[at] as Cell;
      if (typeof cell === "string") units += cell.length;
      else if (typeof cell === "object" && cell !== null) {
        // A table has one column of properties at most.
        this.#dictionary = pythonDictionary(cell);
        // Quotes of CSV double the quotes in it.
        units += 2 * this.#dictionary.length;
      }
    }
    return this.#kinds.length * NUMBER_BYTES_MAX + BYTES_PER_UNIT_MAX * units;
  }

  /** Writes the cells at `from` and returns the place behind them. */
  write(cells: readonly Cell[], bytes: Buffer, from: number): number {
    let place = from;
    this.#isBroken = false;
    for (let at = 0; at < this.#kinds.length; at++) {
      if (at > 0) bytes[place++] = COMMA;
      const cell = cells[at] as Cell;
      place =
        cell === null ? writePlain(bytes, place, "None") : this.#field(at, cell, { bytes, place });
    }
    if (this.#isBroken) this.brokenRows++;
    for (let at = 0; at < this.#end.length; at++) bytes[place++] = this.#end.charCodeAt(at);
    return place;
  }

  #field(
    at: number,
    cell: Exclude<Cell, null>,
    { bytes, place }: { bytes: Buffer; place: number },
  ): number {
    const kind = this.#kinds[at] as ColumnKind;
    switch (kind) {
      case "masked":
        if (this.#isMasked) return place + bytes.write(cell as string, place, "latin1");
        return this.#text(at, cell as string, { bytes, place });
      case "text":
        return this.#text(at, cell as string, { bytes, place });
      case "integer":
        return writeNumber(bytes, place, cell as number);
      case "time":
        return writeTime(bytes, place, cell as number);
      case "seconds":
        return writeSeconds(bytes, place, { value: cell as number, textOf: this.#seconds });
      case "machine-seconds":
        return (cell as number) < 0
          ? writePlain(bytes, place, "-1")
          : writeSeconds(bytes, place, { value: cell as number, textOf: this.#seconds });
      case "properties":
        return this.#text(at, this.#dictionary, { bytes, place });
      default:
        return kind satisfies never;
    }
  }

  #text(at: number, text: string, { bytes, place }: { bytes: Buffer; place: number }): number {
    if (text === this.#lastPlain[at]) return place + bytes.write(text, place, "latin1");
    const end = writePlain(bytes, place, text);
    if (end >= 0) {
      this.#lastPlain[at] = text;
      return end;
    }
    const isOdd = NEEDS_QUOTES.test(text);
    if (isOdd && this.#quotes) this.quotedFields++;
    if (isOdd && !this.#quotes) this.#isBroken = true;
    return place + bytes.write(isOdd && this.#quotes ? quotedField(text) : text, place, "utf8");
  }
}
