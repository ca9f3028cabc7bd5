// Lays out a record in a run buffer: runs once per kept record, allocates nothing.
// Guarded by perf/trace-read.bench.ts.

import { copyEscapedText, copyText } from "./json-text.ts";
import {
  AGENT_LENGTH_AT,
  ARRIVAL_AT,
  CLIENT_LENGTH_AT,
  DURATION_AT,
  FILE_AT,
  HEAD_BYTES,
  HOST_LENGTH_AT,
  ID_LENGTH_AT,
  KEY_AT,
  KEYED_BYTES,
  KIND_AT,
  LENGTH_AT,
  METHOD_AT,
  NAME_END_AT,
  NONE,
  OFFSET_AT,
  RANGE_LENGTH_AT,
  REF_START_AT,
  ROW_AT,
  recordBytes,
  SIZE_AT,
  STATUS_AT,
  URI_LENGTH_AT,
} from "./layout.ts";
import { Field, type RawRecord, Shape } from "./raw-record.ts";
import type { RecordBlock } from "./record-view.ts";

/** The texts of a record in the order of the layout. */
const textFields = [Field.uri, Field.client, Field.host, Field.id, Field.agent] as const;
const textLengths = [
  URI_LENGTH_AT,
  CLIENT_LENGTH_AT,
  HOST_LENGTH_AT,
  ID_LENGTH_AT,
  AGENT_LENGTH_AT,
] as const;
const URI = 0;

/** The numbers of a record, as far as they are not found in its bytes; one per reader, overwritten. */
export class RecordNumbers {
  arrivalUs = 0;
  size = -1;
  duration = 0;
  file = 0;
  method = 0;
  kind = 0;
  status = 0;
  nameEnd = 0;
  refStart: number = NONE;
  rangeBytes = 0;
}

/** Copies one text of `raw` to `at`. Returns its end. */
function putText(target: RecordBlock, at: number, raw: RawRecord, field: number): number {
  const from = raw.from[field] as number;
  const to = raw.to[field] as number;
  return raw.shapeOf(field) === Shape.escapedText
    ? copyEscapedText(target, at, raw.block, from, to)
    : copyText(target, at, raw.block, from, to);
}

/** Puts the uri where it belongs in the record at `at`. Returns its end. */
export function putUri(block: RecordBlock, at: number, raw: RawRecord): number {
  const end = putText(block, at + HEAD_BYTES, raw, Field.uri);
  block.data.setUint16(at + URI_LENGTH_AT, end - at - HEAD_BYTES, true);
  return end;
}

/** Puts the other texts behind the uri. Returns the end of the last. */
export function putTexts(block: RecordBlock, at: number, raw: RawRecord, uriEnd: number): number {
  let end = uriEnd;
  for (let text = URI + 1; text < textFields.length; text++) {
    const field = textFields[text] as number;
    const lengthAt = at + (textLengths[text] as number);
    if (raw.shapeOf(field) === Shape.absent) {
      block.data.setUint16(lengthAt, NONE, true);
      continue;
    }
    const start = end;
    end = putText(block, start, raw, field);
    block.data.setUint16(lengthAt, end - start, true);
  }
  return end;
}

/** Puts the range of a record that has one behind its other texts. Returns its end. */
export const putRange = (block: RecordBlock, at: number, raw: RawRecord): number =>
  copyText(block, at, raw.block, raw.rangeFrom, raw.rangeTo);

/** Tells where the reference is in a record that is not complete yet. */
export function putReference({ data }: RecordBlock, at: number, refStart: number): void {
  data.setUint16(at + REF_START_AT, refStart, true);
}

/** Puts a keyed record over the one at `at`. Returns its length. */
export function putKeyed(
  { data }: RecordBlock,
  at: number,
  { numbers, key }: { readonly numbers: RecordNumbers; readonly key: number },
): number {
  data.setUint32(at + LENGTH_AT, KEYED_BYTES, true);
  data.setInt32(at + KEY_AT, key, true);
  data.setFloat64(at + ARRIVAL_AT, numbers.arrivalUs, true);
  data.setFloat64(at + SIZE_AT, numbers.size, true);
  return KEYED_BYTES;
}

/** Completes the record at `at`, whose texts end at `end`. Returns its length. */
export function putNumbers(
  { buffer, data }: RecordBlock,
  at: number,
  { row, offset }: RawRecord,
  { numbers, end }: { readonly numbers: RecordNumbers; readonly end: number },
): number {
  const length = recordBytes(end - at - HEAD_BYTES);
  data.setUint32(at + LENGTH_AT, length, true);
  data.setUint32(at + ROW_AT, row, true);
  data.setFloat64(at + ARRIVAL_AT, numbers.arrivalUs, true);
  data.setFloat64(at + SIZE_AT, numbers.size, true);
  data.setFloat64(at + DURATION_AT, numbers.duration, true);
  data.setFloat64(at + OFFSET_AT, offset, true);
  data.setUint16(at + FILE_AT, numbers.file, true);
  data.setUint8(at + METHOD_AT, numbers.method);
  data.setUint8(at + KIND_AT, numbers.kind);
  data.setUint16(at + STATUS_AT, numbers.status, true);
  data.setUint16(at + NAME_END_AT, numbers.nameEnd, true);
  data.setUint16(at + REF_START_AT, numbers.refStart, true);
  data.setUint32(at + RANGE_LENGTH_AT, numbers.rangeBytes, true);
  // Padding bytes would otherwise carry whatever the memory held before into files.
  for (let p = end; p < at + length; p++) buffer[p] = 0;
  return length;
}
