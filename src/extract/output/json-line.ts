import { secondsShortest, timeText } from "../event-time.ts";
import type { Cell, Column, ColumnKind, Properties } from "./table-layout.ts";

const NON_ASCII = /[\u007f-\uffff]/g;

/** A JSON string with everything beyond ASCII as `\uXXXX`. */
export const asciiJson = (text: string): string =>
  JSON.stringify(text).replace(
    NON_ASCII,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );

/** Writes cells as one object per line, keys in the order of the columns. Source: extract.md 4.4. */
export class JsonLine {
  readonly #keys: readonly string[];
  readonly #kinds: readonly ColumnKind[];

  constructor(columns: readonly Column[]) {
    this.#keys = columns.map(({ name }) => `${asciiJson(name)}: `);
    this.#kinds = columns.map(({ kind }) => kind);
  }

  of(cells: readonly Cell[]): string {
    let line = "{";
    for (let at = 0; at < this.#keys.length; at++) {
      const value = jsonValue(this.#kinds[at] as ColumnKind, cells[at] as Cell);
      line += `${at === 0 ? "" : ", "}${this.#keys[at]}${value}`;
    }
    return `${line}}\n`;
  }
}

function jsonValue(kind: ColumnKind, cell: Cell): string {
  if (cell === null) return "null";
  switch (kind) {
    case "masked":
    case "text":
      return asciiJson(cell as string);
    case "integer":
      return String(cell);
    case "time":
      return `"${timeText(cell as number)}"`;
    case "seconds":
      return secondsShortest(cell as number);
    case "machine-seconds":
      return (cell as number) < 0 ? "-1" : secondsShortest(cell as number);
    case "properties":
      return jsonObject(cell as Properties);
    default:
      return kind satisfies never;
  }
}

/** A flat object with the separators of Python's json module. */
export function jsonObject(properties: Properties): string {
  const pairs = Object.entries(properties).map(
    ([key, value]) =>
      `${asciiJson(key)}: ${typeof value === "string" ? asciiJson(value) : String(value)}`,
  );
  return `{${pairs.join(", ")}}`;
}
