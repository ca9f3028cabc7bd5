// Records of any form and method in order of time, through the sorter of the replay, which looks at length and arrival
// only. Between these and the texts stands what it takes to read the record as its reader left it.
//
//   0        4      8         16           24       28      32        36       76      116   120
//   | length | row  | arrival | timestamp  | shapes | bytes | is JSON | from   | to    | -   | bytes of the record, padding
//   | u32    | u32  | f64 µs  | f64 µs     | u32    | u32   | u32     | 10 u32 | 10 u32 |    |
//
// `from` and `to` count from the first byte of the record.

import { ARRIVAL_AT, LENGTH_AT, ROW_AT } from "../layout.ts";
import { RawRecord, traceKeys } from "../raw-record.ts";
import { type RecordBlock, recordBlock } from "../record-view.ts";
import type { RunMerge } from "../run-merge.ts";
import type { SortedRuns } from "../sorted-runs.ts";

const TIME_AT = 16;
const SHAPES_AT = 24;
const BYTES_AT = 28;
const JSON_AT = 32;
const FROM_AT = 36;
const TO_AT = 76;
const TEXT_AT = 120;
const FIELD_BYTES = 4;

/** Longest record that can be sorted: a spill file is written in pieces of 512 KiB, and a piece holds whole records. */
export const SORTABLE_BYTES_MAX: number = 500_000;

/** First and last byte of what the reader left of a record. */
function extent(raw: RawRecord): { from: number; to: number } {
  if (raw.at !== -1) return { from: raw.at, to: raw.at + raw.bytes };
  let from = Number.POSITIVE_INFINITY;
  let to = 0;
  for (let field = 0; field < traceKeys.length; field++) {
    if (raw.shapeOf(field) === 0) continue;
    from = Math.min(from, raw.from[field] as number);
    to = Math.max(to, raw.to[field] as number);
  }
  return { from, to };
}

export const sortableBytes = (raw: RawRecord): number => {
  const { from, to } = extent(raw);
  return to - from;
};

/** Adds a record, of at most SORTABLE_BYTES_MAX. */
export function putRecord(
  runs: SortedRuns,
  raw: RawRecord,
  { arrivalUs, timeUs }: { readonly arrivalUs: number; readonly timeUs: number },
): void {
  const { from, to } = extent(raw);
  const length = (TEXT_AT + to - from + 7) & ~7;
  const at = runs.room(length);
  const { buffer, data } = runs.buffer.block;
  data.setUint32(at + LENGTH_AT, length, true);
  data.setUint32(at + ROW_AT, raw.row, true);
  data.setFloat64(at + ARRIVAL_AT, arrivalUs, true);
  data.setFloat64(at + TIME_AT, timeUs, true);
  data.setUint32(at + SHAPES_AT, raw.shapes, true);
  data.setUint32(at + BYTES_AT, to - from, true);
  data.setUint32(at + JSON_AT, raw.at === -1 ? 0 : 1, true);
  for (let field = 0; field < traceKeys.length; field++) {
    const isThere = raw.shapeOf(field) !== 0;
    data.setUint32(
      at + FROM_AT + FIELD_BYTES * field,
      isThere ? (raw.from[field] as number) - from : 0,
      true,
    );
    data.setUint32(
      at + TO_AT + FIELD_BYTES * field,
      isThere ? (raw.to[field] as number) - from : 0,
      true,
    );
  }
  raw.buffer.copy(buffer, at + TEXT_AT, from, to);
  runs.buffer.append(length, arrivalUs);
}

/** Shows the records of a merge one after the other. */
export class SortedRecords {
  readonly #merge: RunMerge;
  /** The current record; borrowed until the next. */
  readonly raw = new RawRecord(Buffer.alloc(0));
  arrivalUs = 0;
  timeUs = 0;

  constructor(merge: RunMerge) {
    this.#merge = merge;
  }

  next(): boolean {
    const merge = this.#merge;
    if (!merge.next()) return false;
    this.#read(merge.block, merge.at);
    return true;
  }

  rewind(): void {
    this.#merge.rewind();
  }

  #read({ buffer, data }: RecordBlock, at: number): void {
    const { raw } = this;
    if (raw.buffer !== buffer) raw.block = recordBlock(buffer);
    const text = at + TEXT_AT;
    raw.row = data.getUint32(at + ROW_AT, true);
    raw.shapes = data.getUint32(at + SHAPES_AT, true);
    raw.bytes = data.getUint32(at + BYTES_AT, true);
    raw.at = data.getUint32(at + JSON_AT, true) === 0 ? -1 : text;
    this.arrivalUs = data.getFloat64(at + ARRIVAL_AT, true);
    this.timeUs = data.getFloat64(at + TIME_AT, true);
    // Numbers are read from the bytes again.
    raw.values.fill(Number.NaN);
    for (let field = 0; field < traceKeys.length; field++) {
      raw.from[field] = text + data.getUint32(at + FROM_AT + FIELD_BYTES * field, true);
      raw.to[field] = text + data.getUint32(at + TO_AT + FIELD_BYTES * field, true);
    }
  }
}
