import { type RecordBlock, recordBlock } from "./record-view.ts";

/** The keys of a record that mean something to us. The index is the code of the field. Source: trace-replay.md 1.2. */
export const traceKeys = [
  "host",
  "http.request.duration",
  "http.request.method",
  "http.request.remoteaddr",
  "http.request.uri",
  "http.request.useragent",
  "http.response.status",
  "http.response.written",
  "id",
  "timestamp",
] as const;

export const Field = {
  host: 0,
  duration: 1,
  method: 2,
  client: 3,
  uri: 4,
  agent: 5,
  status: 6,
  written: 7,
  id: 8,
  timestamp: 9,
} as const;

/** What stands behind a key. `null` counts as absent; `other` is a boolean, an array or an object. */
export const Shape = { absent: 0, text: 1, escapedText: 2, number: 3, other: 4 } as const;

/**
 * One record as a reader found it: for each field its shape and where its bytes stand in `buffer`, without quotes.
 * There is one per reader, overwritten by the next record.
 */
export class RawRecord {
  /** Where the bytes stand; replaced with the buffer, not per record. */
  block: RecordBlock;
  readonly from = new Int32Array(traceKeys.length);
  readonly to = new Int32Array(traceKeys.length);
  readonly shape = new Uint8Array(traceKeys.length);
  /** From 1, broken records included. */
  row = 0;
  /** From 1. */
  line = 0;
  /** Of the record's first byte in the uncompressed stream. */
  offset = 0;

  constructor(buffer: Buffer) {
    this.block = recordBlock(buffer);
  }

  get buffer(): Buffer {
    return this.block.buffer;
  }
}

/** Where something went wrong. A RawRecord is one too. */
export type Place = { readonly row: number; readonly line: number; readonly offset: number };

/** What a reader reports to: usable records and broken ones, in the order of the file. */
export interface RecordSink {
  /** `raw` is borrowed until return. */
  take(raw: RawRecord): void;
  broken(reason: string, place: Place, message: string): void;
}
