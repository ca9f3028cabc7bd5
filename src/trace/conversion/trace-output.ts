import type { RawRecord } from "../raw-record.ts";
import type { LeftOutKeys } from "./left-out-keys.ts";
import type { NativeFields } from "./native-fields.ts";
import type { TraceForm } from "./trace-form.ts";

/** Where records of one trace go. Between `open` and `finish` there is no file of that name, or the one from before. */
export interface TraceOutput {
  readonly records: number;
  /** Times finer than the form can hold. */
  readonly roundedTimes: number;
  /** Adds a sound record as it was read; `raw` is borrowed until return, `timeUs` is its timestamp. */
  copy(raw: RawRecord, timeUs: number): void;
  /** Adds a record that was changed. */
  put(fields: NativeFields): void;
  /** Waits until what was added has left the memory. */
  drain(): Promise<void>;
  /** Gives the file its name. Returns its size in bytes. */
  finish(): Promise<number>;
  /** Removes what was written. Idempotent. */
  discard(): void;
}

/** Opens the file; `keys` counts what it has no place for. Throws a UsageError if its place cannot be written. */
export async function openOutput(
  path: string,
  form: TraceForm,
  keys: LeftOutKeys,
): Promise<TraceOutput> {
  switch (form.format) {
    case "json":
    case "ndjson":
    case "csv": {
      const { TextOutput } = await import("./text-output.ts");
      return new TextOutput(path, { format: form.format, compression: form.compression }, keys);
    }
    case "parquet": {
      // Loaded only when used: it brings a package along.
      const { ParquetOutput } = await import("./parquet-output.ts");
      return new ParquetOutput(path, keys);
    }
    default:
      return form.format satisfies never;
  }
}
