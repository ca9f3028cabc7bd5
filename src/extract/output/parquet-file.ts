import { ByteWriter, ParquetWriter } from "hyparquet-writer";
import { jsonObject } from "./json-line.ts";
import type { PartialFile } from "./partial-file.ts";
import type { Cell, Column, ColumnKind, Properties } from "./table-layout.ts";

const ROW_GROUP = 100_000;
const MANIFEST_KEY = "drayage.manifest";

type SchemaElement = ConstructorParameters<typeof ParquetWriter>[0]["schema"][number];

// Kind -> physical and logical type.
//
//   masked, text      BYTE_ARRAY, UTF8          integer   INT32
//   properties        BYTE_ARRAY, UTF8 (JSON text)         time      INT64, TIMESTAMP(MICROS, UTC)
//   seconds           DOUBLE
function schemaElement({ name, kind }: Column): SchemaElement {
  const optional = { name, repetition_type: "OPTIONAL" } as const;
  switch (kind) {
    case "masked":
    case "text":
      return { ...optional, type: "BYTE_ARRAY", converted_type: "UTF8" };
    case "integer":
      return { ...optional, type: "INT32" };
    case "time":
      return {
        ...optional,
        type: "INT64",
        converted_type: "TIMESTAMP_MICROS",
        logical_type: { type: "TIMESTAMP", isAdjustedToUTC: true, unit: "MICROS" },
      };
    case "seconds":
    case "machine-seconds":
      return { ...optional, type: "DOUBLE" };
    case "properties":
      return { ...optional, type: "BYTE_ARRAY", converted_type: "UTF8" };
    default:
      return kind satisfies never;
  }
}

/** A table in Parquet, row group by row group. */
export class ParquetFile {
  readonly #columns: readonly Column[];
  readonly #bytes = new ByteWriter();
  readonly #writer: ParquetWriter;
  readonly #file: PartialFile;
  #group: Cell[][];
  #rows = 0;

  constructor(columns: readonly Column[], file: PartialFile) {
    this.#columns = columns;
    this.#file = file;
    this.#group = columns.map(() => []);
    const root = { name: "root", num_children: columns.length };
    this.#writer = new ParquetWriter({
      writer: this.#bytes,
      schema: [root, ...columns.map(schemaElement)],
      createdBy: "drayage",
      // Statistics would be one more place for values to stand in.
      statistics: false,
    });
  }

  add(cells: readonly Cell[]): void {
    for (const [at, values] of this.#group.entries()) values.push(cells[at] as Cell);
    this.#rows++;
    if (this.#rows === ROW_GROUP) this.#writeGroup();
  }

  finish(manifest: Readonly<Record<string, unknown>>): void {
    if (this.#rows > 0) this.#writeGroup();
    this.#writer.kvMetadata = [{ key: MANIFEST_KEY, value: JSON.stringify(manifest) }];
    void this.#writer.finish();
    this.#drain();
  }

  #writeGroup(): void {
    const columnData = this.#columns.map(({ name, kind }, at) => ({
      name,
      data: (this.#group[at] as Cell[]).map((cell) => parquetValue(kind, cell)),
    }));
    void this.#writer.write({ columnData, rowGroupSize: ROW_GROUP });
    this.#drain();
    this.#group = this.#columns.map(() => []);
    this.#rows = 0;
  }

  #drain(): void {
    this.#file.writeBytes(this.#bytes.getBytes());
    this.#bytes.index = 0;
  }
}

function parquetValue(kind: ColumnKind, cell: Cell): string | number | bigint | null {
  if (cell === null) return null;
  if (kind === "time") return BigInt(cell as number);
  if (kind === "machine-seconds") return Math.max(-1, cell as number);
  return kind === "properties" ? jsonObject(cell as Properties) : (cell as string | number);
}
