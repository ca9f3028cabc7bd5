/** Where a record stands in its input, for messages: file name, row from 1, byte offset in the uncompressed stream. */
type RecordOrigin = { readonly file: string; readonly row: number; readonly offset: number };

/**
 * One record of a trace after reading, in the shape that plug-ins, statistics and tests want. The replay itself never
 * makes one: it works on the bytes (see trace/record-view.ts).
 *
 * Times: `arrival` in seconds since the Unix epoch, `delay` and `duration` in seconds; `size` in bytes.
 * Source: trace-replay.md section 2.
 */
export type TraceRecord = {
  readonly seq: number;
  readonly delay: number;
  readonly arrival: number;
  readonly uri: string;
  readonly kind: "blob" | "manifest" | "upload" | "ping" | "other";
  readonly name: string | null;
  readonly ref: string | null;
  readonly method: string;
  readonly size: number;
  readonly duration: number;
  readonly client: string | null;
  readonly host: string | null;
  readonly id: string | null;
  readonly userAgent: string | null;
  readonly status: number | null;
  readonly origin: RecordOrigin;
};
