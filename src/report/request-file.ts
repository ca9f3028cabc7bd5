// requests.ndjson, requests.csv or requests.parquet: a row per request, on demand. On the main thread; some 2 us a row.
import { ByteWriter, ParquetWriter } from "hyparquet-writer";
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
export function openRequestFile<Row>(
  path: string,
  format: RequestFormat,
  columns: readonly Column<Row>[],
): RequestFile<Row> {
  switch (format) {
    case "ndjson":
      return new TextRequests(path, "", ndjsonLine(columns));
    case "csv":
      return new TextRequests(
        path,
        `${columns.map(({ name }) => name).join(",")}\n`,
        csvLine(columns),
      );
    case "parquet":
      return new ParquetRequests(path, columns);
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

/** Rows held in memory, and so the most that a row group has. */
const ROW_GROUP = 20_000;

const types = {
  text: { type: "BYTE_ARRAY", converted_type: "UTF8" },
  whole: { type: "INT32" },
  wide: { type: "INT64" },
} as const;

type ParquetCell = string | number | bigint | null;

/** Parquet has its directory at the end: the file of a killed run cannot be opened. */
class ParquetRequests<Row> implements RequestFile<Row> {
  readonly #file: AppendFile;
  readonly #bytes = new ByteWriter();
  readonly #writer: ParquetWriter;
  readonly #columns: readonly Column<Row>[];
  #group: ParquetCell[][];
  #rows = 0;

  constructor(path: string, columns: readonly Column<Row>[]) {
    this.#columns = columns;
    this.#group = columns.map(() => []);
    this.#file = new AppendFile(path);
    this.#writer = new ParquetWriter({
      writer: this.#bytes,
      schema: [
        { name: "root", num_children: columns.length },
        ...columns.map(({ name, type }) => ({
          name,
          repetition_type: "OPTIONAL" as const,
          ...types[type],
        })),
      ],
      createdBy: "drayage",
    });
  }

  add(row: Row): void {
    for (const [at, { type, cell }] of this.#columns.entries()) {
      const value = cell(row);
      this.#group[at]?.push(type === "wide" && typeof value === "number" ? BigInt(value) : value);
    }
    if (++this.#rows === ROW_GROUP) this.#writeGroup();
  }

  flush(): void {}

  close(): void {
    if (this.#rows > 0) this.#writeGroup();
    void this.#writer.finish();
    this.#moveBytes();
    this.#file.close();
  }

  #writeGroup(): void {
    const columnData = this.#columns.map(({ name }, at) => ({
      name,
      data: this.#group[at] as ParquetCell[],
    }));
    void this.#writer.write({ columnData, rowGroupSize: ROW_GROUP });
    this.#moveBytes();
    this.#group = this.#columns.map(() => []);
    this.#rows = 0;
  }

  #moveBytes(): void {
    this.#file.writeBytes(new Uint8Array(this.#bytes.getBytes()));
    this.#bytes.index = 0;
  }
}
