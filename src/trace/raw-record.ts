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
export type TraceKey = (typeof traceKeys)[number];

/**
 * A key beyond those of the published traces: which part of the object was asked for, as in the Range header. Other readers
 * pass over it. The three bits of an eleventh field would not fit the word of shapes, so it has places of its own.
 */
export const RANGE_KEY = "http.request.range";

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

/**
 * What stands behind a key: bit 0 a text, bit 1 something else, bit 2 what needs a closer look. `null` counts as absent;
 * `other` is a boolean, an array or an object.
 */
export const Shape = { absent: 0, text: 1, number: 2, escapedText: 5, other: 6 } as const;
const SHAPE_BITS = 3;
const SHAPE_MASK = 7;

/** The bits of one field's shape, among those of all fields. */
export const shapeBits = (field: number, shape: number): number => shape << (SHAPE_BITS * field);

/**
 * One record as a reader found it: for each field its shape and where its bytes stand in `buffer`, without quotes.
 * There is one per reader, overwritten by the next record.
 */
export class RawRecord {
  /** Where the bytes stand; replaced with the buffer, not per record. */
  block: RecordBlock;
  readonly from = new Int32Array(traceKeys.length);
  readonly to = new Int32Array(traceKeys.length);
  /** Values of numbers that the reader has read on its way; NaN = to be read from the bytes. */
  readonly values = new Float64Array(traceKeys.length);
  /** Three bits per field. */
  shapes = 0;
  /** No text of the record is longer, nor are all of them together. Of a record of JSON, its length. */
  bytes = 0;
  /** Where the record itself stands in `buffer`, if it is JSON; -1 = what stands there are its values only. */
  at = -1;
  /** Where the text of RANGE_KEY stands, of a record of JSON that has it; else -1. */
  rangeFrom = -1;
  rangeTo = -1;
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

  shapeOf(field: number): number {
    return (this.shapes >>> (SHAPE_BITS * field)) & SHAPE_MASK;
  }

  /** A key that comes twice has its last value, as for JSON.parse. */
  note(field: number, shape: number, from: number, to: number): void {
    const shift = SHAPE_BITS * field;
    this.shapes = (this.shapes & ~(SHAPE_MASK << shift)) | (shape << shift);
    this.from[field] = from;
    this.to[field] = to;
  }

  noteNumber(field: number, value: number, from: number, to: number): void {
    this.note(field, Shape.number, from, to);
    this.values[field] = value;
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
