// Runs once per row. Guarded by perf/extract-stream.bench.ts.
import { seconds12, secondsShortest, timeText } from "../event-time.ts";
import type { TraceVersion } from "../trace-plan.ts";
import { pythonDictionary } from "./python-text.ts";
import type { Cell, Column, ColumnKind, Properties } from "./table-layout.ts";

export type CsvStyle = {
  readonly version: TraceVersion;
  /** `original`: nothing is quoted, as Star Compactor v0.2 does. */
  readonly quoting: "minimal" | "original";
};

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

  constructor(columns: readonly Column[], { version, quoting }: CsvStyle) {
    this.#kinds = columns.map(({ kind }) => kind);
    this.#end = lineEnd(version);
    this.#seconds = version === "v0.2" ? seconds12 : secondsShortest;
    this.#quotes = quoting === "minimal";
  }

  of(cells: readonly Cell[]): string {
    let line = "";
    let isBroken = false;
    for (let at = 0; at < this.#kinds.length; at++) {
      const kind = this.#kinds[at] as ColumnKind;
      const field = this.#field(kind, cells[at] as Cell);
      const isText = kind === "masked" || kind === "text" || kind === "properties";
      const isOdd = isText && NEEDS_QUOTES.test(field);
      if (isOdd && !this.#quotes) isBroken = true;
      if (isOdd && this.#quotes) this.quotedFields++;
      const text = isOdd && this.#quotes ? quotedField(field) : field;
      line = at === 0 ? text : `${line},${text}`;
    }
    if (isBroken) this.brokenRows++;
    return line + this.#end;
  }

  #field(kind: ColumnKind, cell: Cell): string {
    if (cell === null) return "None";
    switch (kind) {
      case "masked":
      case "text":
        return cell as string;
      case "integer":
        return String(cell);
      case "time":
        return timeText(cell as number);
      case "seconds":
        return this.#seconds(cell as number);
      case "machine-seconds":
        return (cell as number) < 0 ? "-1" : this.#seconds(cell as number);
      case "properties":
        return pythonDictionary(cell as Properties);
      default:
        return kind satisfies never;
    }
  }
}
