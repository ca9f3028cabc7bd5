// Operation records as they cross the network: how many there are, and where each begins.
import { operationRecordBytes, SEQ_AT } from "../ring/operation-record.ts";
import { OUTCOME_ROW_AT } from "../ring/outcome-record.ts";
import { countRecords, recordLength } from "../ring/record-run.ts";

/** Half a ring: no record can be longer. */
const OPERATION_BYTES_MAX = 512 * 1024;
const OPERATION_BYTES_MIN = operationRecordBytes({
  targetBytes: 0,
  rowBytes: 0,
  keyBytes: 0,
  bodyBytes: 0,
});
/** Of outcome records in one message: a frame of the protocol. */
export const OUTCOMES_BYTES_MAX = 1024 * 1024;
/** Row, key and detail of 64 KiB each at most. */
const OUTCOME_BYTES_MAX = 256 * 1024;

/** -1 for what are no operation records. */
export const countOperations = (records: Uint8Array): number =>
  countRecords(bufferOf(records), { shortest: OPERATION_BYTES_MIN, longest: OPERATION_BYTES_MAX });

/** -1 for what are no outcome records, or more than a message has. */
export const countOutcomes = (records: Uint8Array): number =>
  records.byteLength > OUTCOMES_BYTES_MAX
    ? -1
    : countRecords(bufferOf(records), { shortest: OUTCOME_ROW_AT, longest: OUTCOME_BYTES_MAX });

export const bufferOf = (bytes: Uint8Array): Buffer =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

export const seqOf = (records: Buffer, at: number): number => records.readUInt32LE(at + SEQ_AT);

/** Offsets of the records, which were counted before. */
export function* offsetsOf(records: Buffer): Generator<number> {
  for (let at = 0; at < records.length; at += recordLength(records, at)) yield at;
}
