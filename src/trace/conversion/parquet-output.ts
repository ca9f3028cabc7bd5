import { ByteWriter, ParquetWriter } from "hyparquet-writer";
import type { RawRecord } from "../raw-record.ts";
import { isFinerThanUs } from "../time-text.ts";
import type { LeftOutKeys } from "./left-out-keys.ts";
import { FieldReader, type NativeFields } from "./native-fields.ts";
import { OutputFile } from "./output-file.ts";
import type { TraceOutput } from "./trace-output.ts";

/** Rows held in memory: about 30 MiB of them. */
const ROW_GROUP = 50_000;

type SchemaElement = ConstructorParameters<typeof ParquetWriter>[0]["schema"][number];
type Cell = string | number | bigint | null;
type Column = {
  readonly name: string;
  readonly type: Omit<SchemaElement, "name">;
  readonly cell: (fields: NativeFields) => Cell;
};

const text = { type: "BYTE_ARRAY", converted_type: "UTF8" } as const;
const time = {
  type: "INT64",
  converted_type: "TIMESTAMP_MICROS",
  logical_type: { type: "TIMESTAMP", isAdjustedToUTC: true, unit: "MICROS" },
} as const;
const wide = (value: number | null): bigint | null => (value === null ? null : BigInt(value));

const columns: readonly Column[] = [
  { name: "host", type: text, cell: ({ host }) => host },
  { name: "http.request.duration", type: { type: "DOUBLE" }, cell: ({ duration }) => duration },
  { name: "http.request.method", type: text, cell: ({ method }) => method },
  { name: "http.request.remoteaddr", type: text, cell: ({ client }) => client },
  { name: "http.request.uri", type: text, cell: ({ uri }) => uri },
  { name: "http.request.useragent", type: text, cell: ({ userAgent }) => userAgent },
  { name: "http.response.status", type: { type: "INT32" }, cell: ({ status }) => status },
  { name: "http.response.written", type: { type: "INT64" }, cell: ({ written }) => wide(written) },
  { name: "id", type: text, cell: ({ id }) => id },
  { name: "timestamp", type: time, cell: ({ timeUs }) => BigInt(timeUs) },
];

/** Writes Parquet, a column per key of the native format, row group by row group. Times are whole microseconds. */
export class ParquetOutput implements TraceOutput {
  readonly #file: OutputFile;
  readonly #bytes = new ByteWriter();
  readonly #writer: ParquetWriter;
  readonly #fields = new FieldReader();
  readonly #keys: LeftOutKeys;
  #group: Cell[][] = columns.map(() => []);
  #rows = 0;
  records = 0;
  roundedTimes = 0;

  constructor(path: string, keys: LeftOutKeys) {
    this.#keys = keys;
    this.#file = new OutputFile(path, "none");
    const root = { name: "root", num_children: columns.length };
    this.#writer = new ParquetWriter({
      writer: this.#bytes,
      schema: [
        root,
        ...columns.map(({ name, type }) => ({
          name,
          repetition_type: "OPTIONAL" as const,
          ...type,
        })),
      ],
      createdBy: "drayage",
    });
  }

  copy(raw: RawRecord, timeUs: number): void {
    this.#keys.note(raw);
    this.put(this.#fields.read(raw, timeUs));
  }

  put(fields: NativeFields): void {
    for (const [at, { cell }] of columns.entries()) this.#group[at]?.push(cell(fields));
    if (isFinerThanUs(fields.timestamp)) this.roundedTimes++;
    this.records++;
    if (++this.#rows === ROW_GROUP) this.#writeGroup();
  }

  async drain(): Promise<void> {
    await this.#file.drain();
  }

  async finish(): Promise<number> {
    if (this.#rows > 0) this.#writeGroup();
    void this.#writer.finish();
    this.#moveBytes();
    return await this.#file.finish();
  }

  discard(): void {
    this.#file.discard();
  }

  #writeGroup(): void {
    const columnData = columns.map(({ name }, at) => ({ name, data: this.#group[at] as Cell[] }));
    void this.#writer.write({ columnData, rowGroupSize: ROW_GROUP });
    this.#moveBytes();
    this.#group = columns.map(() => []);
    this.#rows = 0;
  }

  /** Copies: the writer uses its buffer again. */
  #moveBytes(): void {
    this.#file.write(Buffer.from(this.#bytes.getBytes()));
    this.#bytes.index = 0;
  }
}
