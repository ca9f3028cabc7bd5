// Hands outcome records that came over the network to whoever keeps outcomes, as if they stood in a ring of this process. Runs
// once per request on the main thread; budget 200 ns beside the keeper's own work.

import { alignRecord } from "../../ring/layout.ts";
import {
  DIGEST_AT,
  DIGEST_BYTES,
  DUE_AT,
  OP_AT,
  REGISTRY_AT,
  ROW_BYTES_AT,
  rowAtBehind,
  SEQ_AT,
  TARGET_BYTES_AT,
} from "../../ring/operation-record.ts";
import {
  Disposition,
  isTold,
  OUTCOME_DIGEST_AT,
  OUTCOME_DUE_AT,
  OUTCOME_HOW_AT,
  OUTCOME_OP_AT,
  OUTCOME_REGISTRY_AT,
  OUTCOME_ROW_AT,
  OUTCOME_ROW_BYTES_AT,
  OUTCOME_SEQ_AT,
} from "../../ring/outcome-record.ts";
import { allocateRing, RingViews } from "../../ring/record-ring.ts";
import type { OutcomeKeeper } from "../../workers/collector/outcome-drain.ts";
import { OUTCOMES_BYTES_MAX, offsetsOf } from "../operation-run.ts";

/** Operations that ended, and those of them that were sent: the others were dropped on the way. */
export type Kept = { readonly ended: number; readonly rows: number };

export class OutcomeDesk {
  readonly #keeper: OutcomeKeeper;
  readonly #failed: ((error: unknown) => void) | undefined;
  readonly #desk = new RingViews(allocateRing(OUTCOMES_BYTES_MAX));

  /** `failed`: what was kept cannot be stored, which is no fault of whoever sent it; thrown if absent. */
  constructor(keeper: OutcomeKeeper, failed?: (error: unknown) => void) {
    this.#keeper = keeper;
    this.#failed = failed;
  }

  #flush(): void {
    try {
      this.#keeper.flush();
    } catch (error) {
      if (this.#failed === undefined) throw error;
      this.#failed(error);
    }
  }

  get hasRoom(): boolean {
    return this.#keeper.hasRoom;
  }

  /** `records`: OUTCOMES_BYTES_MAX at most. `wanted` says of each sequence number whether its outcome is still to come. */
  keep(records: Buffer, wanted: (seq: number) => boolean): Kept {
    this.#desk.bytes.set(records, 0);
    const { bytes } = this.#desk;
    let ended = 0;
    let rows = 0;
    for (const at of offsetsOf(records)) {
      if (!wanted(bytes.readUInt32LE(at + OUTCOME_SEQ_AT))) continue;
      this.#keeper.keep(this.#desk, at);
      ended++;
      if (isTold(bytes[at + OUTCOME_HOW_AT] as number)) rows++;
    }
    this.#flush();
    return { ended, rows };
  }

  /** An operation that went down with its node, as an outcome of its own kind. */
  keepLost(operation: Buffer): void {
    this.#keepUntold(operation, Disposition.nodeLost);
  }

  /** An operation whose row its node could not keep. */
  keepDropped(operation: Buffer): void {
    this.#keepUntold(operation, Disposition.rowDropped);
  }

  #keepUntold(operation: Buffer, how: number): void {
    const { bytes } = this.#desk;
    const rowBytes = operation.readUInt16LE(ROW_BYTES_AT);
    const rowAt = rowAtBehind(operation.readUInt16LE(TARGET_BYTES_AT));
    bytes.fill(0, 0, OUTCOME_ROW_AT);
    bytes.writeInt32LE(alignRecord(OUTCOME_ROW_AT + rowBytes), 0);
    operation.copy(bytes, OUTCOME_SEQ_AT, SEQ_AT, SEQ_AT + 4);
    operation.copy(bytes, OUTCOME_DUE_AT, DUE_AT, DUE_AT + 8);
    operation.copy(bytes, OUTCOME_OP_AT, OP_AT, OP_AT + 2);
    operation.copy(bytes, OUTCOME_REGISTRY_AT, REGISTRY_AT, REGISTRY_AT + 4);
    bytes[OUTCOME_HOW_AT] = how;
    bytes.writeUInt16LE(rowBytes, OUTCOME_ROW_BYTES_AT);
    operation.copy(bytes, OUTCOME_DIGEST_AT, DIGEST_AT, DIGEST_AT + DIGEST_BYTES);
    operation.copy(bytes, OUTCOME_ROW_AT, rowAt, rowAt + rowBytes);
    this.#keeper.keep(this.#desk, 0);
    this.#flush();
  }
}
