import { ByteWriter, ParquetWriter } from "hyparquet-writer";
import { AppendFile } from "./append-file.ts";
import type { RequestFile } from "./request-file.ts";
import type { Column } from "./request-row.ts";

/** Rows held in memory, and so the most that a row group has. */
const ROW_GROUP = 20_000;

const types = {
  text: { type: "BYTE_ARRAY", converted_type: "UTF8" },
  whole: { type: "INT32" },
  wide: { type: "INT64" },
} as const;

type ParquetCell = string | number | bigint | null;

/** Parquet has its directory at the end: the file of a killed run cannot be opened. */
export class ParquetRequests<Row> implements RequestFile<Row> {
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
