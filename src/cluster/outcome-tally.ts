// Figures of operations out of their outcome records: those of a tally, but for what no record tells, which is when a connection
// stood. Runs once per request on the main thread of a node; budget 250 ns, no allocation. Guarded by
// test/end-to-end/cluster.test.ts.
import { operationClassOf } from "../core/operation.ts";
import {
  Disposition,
  isTold,
  OUTCOME_ATTEMPTS_AT,
  OUTCOME_BYTES_AT,
  OUTCOME_DONE_AT,
  OUTCOME_DUE_AT,
  OUTCOME_FAILURE_AT,
  OUTCOME_FIRST_BYTE_AT,
  OUTCOME_FLAGS_AT,
  OUTCOME_HOW_AT,
  OUTCOME_OP_AT,
  OUTCOME_SENT_AT,
  OUTCOME_STATUS_AT,
  OutcomeFlag,
} from "../ring/outcome-record.ts";
import type { RingViews } from "../ring/record-ring.ts";
import {
  LateCause,
  STAMP_WORDS,
  Stamp,
  type TallyThresholds,
  TallyWriter,
} from "../stats/tally.ts";
import { allocateTally, Event } from "../stats/tally-layout.ts";

const KIND_AT = OUTCOME_OP_AT + 1;

export class OutcomeTally {
  /** For a reader of tallies. */
  readonly memory: SharedArrayBuffer = allocateTally();
  readonly #writer: TallyWriter;
  readonly #stamps = new Float64Array(STAMP_WORDS).fill(Number.NaN);

  constructor(thresholds: TallyThresholds) {
    this.#writer = new TallyWriter(this.memory, thresholds);
  }

  /** How an operation ended; nothing for one that was never sent. `wasStarted`: that it was sent is told elsewhere. */
  add({ bytes, doubles }: RingViews, at: number, wasStarted: boolean): void {
    const how = bytes[at + OUTCOME_HOW_AT] as number;
    if (!isTold(how)) return;
    const stamps = this.#stamps;
    const writer = this.#writer;
    const double = at >> 3;
    const flags = bytes[at + OUTCOME_FLAGS_AT] as number;
    const moved = doubles[double + OUTCOME_BYTES_AT / 8] as number;
    const sends = (flags & OutcomeFlag.sends) !== 0;
    stamps[Stamp.due] = doubles[double + OUTCOME_DUE_AT / 8] as number;
    stamps[Stamp.sent] = doubles[double + OUTCOME_SENT_AT / 8] as number;
    stamps[Stamp.firstByte] = doubles[double + OUTCOME_FIRST_BYTE_AT / 8] as number;
    stamps[Stamp.done] = doubles[double + OUTCOME_DONE_AT / 8] as number;
    stamps[Stamp.bytesIn] = sends ? 0 : moved;
    stamps[Stamp.bytesOut] = sends ? moved : 0;
    const operation = operationClassOf(
      bytes[at + OUTCOME_OP_AT] as number,
      bytes[at + KIND_AT] as number,
    );
    const cause = (flags & OutcomeFlag.waited) === 0 ? LateCause.generator : LateCause.slots;
    if (!wasStarted) writer.started(stamps, 0, operation, cause);
    const attempts = bytes.readUInt16LE(at + OUTCOME_ATTEMPTS_AT);
    if (attempts > 1) writer.count(Event.retry, attempts - 1);
    if (how === Disposition.existing) writer.count(Event.existed, 1);
    const failure = bytes[at + OUTCOME_FAILURE_AT] as number;
    writer.record(stamps, 0, operation, failure, bytes.readUInt16LE(at + OUTCOME_STATUS_AT));
  }
}
