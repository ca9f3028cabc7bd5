// requests.ndjson, requests.csv or requests.parquet: a row per request, on demand. On the main thread; some 2 us a row.
import { AppendFile } from "./append-file.ts";
import type { Column } from "./request-row.ts";

export const requestFormats = ["ndjson", "csv", "parquet"] as const;
export type RequestFormat = (typeof requestFormats)[number];

export const requestFileName = (format: RequestFormat): string => `requests.${format}`;

/** Takes rows until it is closed. Errors of the disk throw DrayageError `storage`. */
export interface RequestFile<Row> {
  add(row: Row): void;
  /** Hands on what there is, if it is worth it. */
  flush(): void;
  close(): void;
}

/** Makes the file; there must be none of its name. */
export type OpenRequestFile = <Row>(
  path: string,
  columns: readonly Column<Row>[],
) => RequestFile<Row>;

/** Loads what writes the format, so that a file can be opened at once when all is ready: Parquet is 50 files that few want. */
export async function requestFileOpener(format: RequestFormat): Promise<OpenRequestFile> {
  switch (format) {
    case "ndjson":
      return (path, columns) => new TextRequests(path, "", ndjsonLine(columns));
    case "csv":
      return (path, columns) => new TextRequests(path, csvHead(columns), csvLine(columns));
    case "parquet": {
      const { ParquetRequests } = await import("./parquet-requests.ts");
      return (path, columns) => new ParquetRequests(path, columns);
    }
    default:
      return format satisfies never;
  }
}

const ndjsonLine =
  <Row>(columns: readonly Column<Row>[]) =>
  (row: Row): string =>
    `${JSON.stringify(Object.fromEntries(columns.map(({ name, cell }) => [name, cell(row)])))}\n`;

const quoted = (text: string): string =>
  /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;

const csvHead = <Row>(columns: readonly Column<Row>[]): string =>
  `${columns.map(({ name }) => name).join(",")}\n`;

const csvLine =
  <Row>(columns: readonly Column<Row>[]) =>
  (row: Row): string =>
    `${columns.map(({ cell }) => quoted(String(cell(row) ?? ""))).join(",")}\n`;

const FLUSH_CHARACTERS = 64 * 1024;
const FLUSH_MS = 1000;

/** Whole lines, on disk within a second: a killed run keeps them. */
class TextRequests<Row> implements RequestFile<Row> {
  readonly #file: AppendFile;
  readonly #line: (row: Row) => string;
  #text: string;
  #writtenAt = Date.now();

  constructor(path: string, head: string, line: (row: Row) => string) {
    this.#file = new AppendFile(path);
    this.#text = head;
    this.#line = line;
  }

  add(row: Row): void {
    this.#text += this.#line(row);
    if (this.#text.length >= FLUSH_CHARACTERS) this.#write();
  }

  flush(): void {
    if (Date.now() - this.#writtenAt >= FLUSH_MS) this.#write();
  }

  #write(): void {
    this.#file.write(this.#text);
    this.#text = "";
    this.#writtenAt = Date.now();
  }

  close(): void {
    this.#write();
    this.#file.close();
  }
}
