// Outcome records of downloads, one behind the other, as a node sends them.
import { Failure } from "../../src/core/failure.ts";
import { Kind, Op } from "../../src/core/operation.ts";
import {
  OUTCOME_BYTES_AT,
  OUTCOME_DONE_AT,
  OUTCOME_DUE_AT,
  OUTCOME_FAILURE_AT,
  OUTCOME_FIRST_BYTE_AT,
  OUTCOME_OP_AT,
  OUTCOME_ROW_AT,
  OUTCOME_SENT_AT,
  OUTCOME_SEQ_AT,
  OUTCOME_STATUS_AT,
} from "../../src/ring/outcome-record.ts";
import { allocateRing, RingViews } from "../../src/ring/record-ring.ts";

/** Times in ns since the start. */
export type Outcome = {
  readonly seq?: number;
  readonly due: number;
  readonly late: number;
  readonly took: number;
  readonly failed: boolean;
  readonly bytes: number;
};

export function outcomeRecords(outcomes: readonly Outcome[]): Buffer {
  const records = Buffer.alloc(outcomes.length * OUTCOME_ROW_AT);
  outcomes.forEach(({ seq = 0, due, late, took, failed, bytes }, i) => {
    const at = i * OUTCOME_ROW_AT;
    records.writeInt32LE(OUTCOME_ROW_AT, at);
    records.writeUInt32LE(seq, at + OUTCOME_SEQ_AT);
    records.writeDoubleLE(due, at + OUTCOME_DUE_AT);
    records.writeDoubleLE(due + late, at + OUTCOME_SENT_AT);
    records.writeDoubleLE(due + late + took / 2, at + OUTCOME_FIRST_BYTE_AT);
    records.writeDoubleLE(due + late + took, at + OUTCOME_DONE_AT);
    records.writeDoubleLE(bytes, at + OUTCOME_BYTES_AT);
    records[at + OUTCOME_OP_AT] = Op.GET;
    records[at + OUTCOME_OP_AT + 1] = Kind.blob;
    records[at + OUTCOME_FAILURE_AT] = failed ? Failure.http : Failure.none;
    records.writeUInt16LE(failed ? 503 : 200, at + OUTCOME_STATUS_AT);
  });
  return records;
}

/** A ring at whose beginning one record stands. */
export class OneOutcome extends RingViews {
  constructor() {
    super(allocateRing(4096));
  }

  of(outcome: Outcome): this {
    this.bytes.set(outcomeRecords([outcome]), 0);
    return this;
  }
}
