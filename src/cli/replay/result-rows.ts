// Keeps the outcomes of a run: rows of the results file, the sums of the original tool's summary, an example of each error.
import { appendFileSync } from "node:fs";
import { DrayageError, messageOf } from "../../core/errors.ts";
import { failureLabel } from "../../core/failure.ts";
import { CompatSum, OnTime } from "../../report/compat.ts";
import {
  Disposition,
  isTold,
  OUTCOME_BYTES_AT,
  OUTCOME_DETAIL_BYTES_AT,
  OUTCOME_DONE_AT,
  OUTCOME_FAILURE_AT,
  OUTCOME_FLAGS_AT,
  OUTCOME_HOW_AT,
  OUTCOME_KEY_BYTES_AT,
  OUTCOME_ROW_AT,
  OUTCOME_ROW_BYTES_AT,
  OUTCOME_SENT_AT,
  OUTCOME_SEQ_AT,
  OUTCOME_STATUS_AT,
  OutcomeFlag,
} from "../../ring/outcome-record.ts";
import type { RingViews } from "../../ring/record-ring.ts";
import type { OutcomeKeeper } from "../../workers/collector/outcome-drain.ts";
import { writeResultRow } from "../../workers/collector/result-row.ts";
import type { RowFile } from "../../workers/collector/row-file.ts";

/** Why an operation has no row: an interrupt, the loss of its node, or a node that could not keep it. */
type RowlessReason = "interrupted" | "node_lost" | "row_dropped";

const reasonOf = (how: number): RowlessReason => {
  if (how === Disposition.nodeLost) return "node_lost";
  return how === Disposition.rowDropped ? "row_dropped" : "interrupted";
};

export class ResultRows implements OutcomeKeeper {
  readonly compat = new CompatSum();
  /** First sentence of each error, by its label. */
  readonly examples: Record<string, string> = {};
  /** Operations that have no row, by the reason. */
  readonly rowless: Record<RowlessReason, number> = {
    interrupted: 0,
    node_lost: 0,
    row_dropped: 0,
  };
  /** The same as lines of the skipped file. */
  readonly #unsent: string[] = [];
  readonly #file: RowFile;
  /** Wall clock at the start of the run, microseconds since the epoch. */
  startedAtUs = 0;
  /** Seconds from the start of the run to the last sending. */
  lastSentSeconds = 0;

  constructor(file: RowFile) {
    this.#file = file;
  }

  get hasRoom(): boolean {
    return this.#file.hasRoom;
  }

  /** Rows written. */
  get count(): number {
    return this.#file.rows;
  }

  keep(ring: RingViews, at: number): void {
    const { bytes, doubles } = ring;
    const how = bytes[at + OUTCOME_HOW_AT] as number;
    if (!isTold(how)) {
      this.#keepRowless(ring, at, reasonOf(how));
      return;
    }
    this.#file.beginRow();
    writeResultRow(this.#file.text, ring, at, this.startedAtUs);
    const sent = doubles[(at + OUTCOME_SENT_AT) >> 3] as number;
    const done = doubles[(at + OUTCOME_DONE_AT) >> 3] as number;
    if (sent / 1e9 > this.lastSentSeconds) this.lastSentSeconds = sent / 1e9;
    const failure = bytes[at + OUTCOME_FAILURE_AT] as number;
    const onTime =
      ((bytes[at + OUTCOME_FLAGS_AT] as number) & OutcomeFlag.onTime) !== 0
        ? OnTime.yes
        : OnTime.no;
    this.compat.add(
      this.startedAtUs / 1e6 + sent / 1e9,
      (done - sent) / 1e9,
      doubles[(at + OUTCOME_BYTES_AT) >> 3] as number,
      failure === 0 ? onTime : OnTime.failed,
    );
    if (failure !== 0) this.#keepExample(ring, at, failure);
  }

  #keepRowless(ring: RingViews, at: number, reason: RowlessReason): void {
    this.rowless[reason]++;
    this.#unsent.push(unsentLine(ring, at, reason));
  }

  #keepExample(ring: RingViews, at: number, failure: number): void {
    const status = ring.bytes.readUInt16LE(at + OUTCOME_STATUS_AT);
    const label = failureLabel(failure, status);
    if (label === null || this.examples[label] !== undefined) return;
    this.examples[label] = detailOf(ring, at);
  }

  flush(): void {
    this.#file.endRows();
  }

  /** Adds what has no outcome to the skipped file, which the feeder has closed by now. Throws DrayageError `storage`. */
  appendUnsent(skippedFile: string): void {
    if (this.#unsent.length === 0) return;
    try {
      appendFileSync(skippedFile, this.#unsent.join(""));
    } catch (error) {
      throw new DrayageError("storage", `cannot write ${skippedFile}: ${messageOf(error)}`);
    }
  }
}

/** Why an operation failed, in a sentence. */
export function detailOf({ bytes }: RingViews, at: number): string {
  const from =
    at +
    OUTCOME_ROW_AT +
    bytes.readUInt16LE(at + OUTCOME_ROW_BYTES_AT) +
    bytes.readUInt16LE(at + OUTCOME_KEY_BYTES_AT);
  return bytes.toString("utf8", from, from + bytes.readUInt16LE(at + OUTCOME_DETAIL_BYTES_AT));
}

/** The row bytes of an outcome: what the feeder wrote of it. */
export function rowTextOf({ bytes }: RingViews, at: number): string {
  const from = at + OUTCOME_ROW_AT;
  return bytes.toString("utf8", from, from + bytes.readUInt16LE(at + OUTCOME_ROW_BYTES_AT));
}

function unsentLine(ring: RingViews, at: number, reason: string): string {
  const { uri, method } = JSON.parse(`{${rowTextOf(ring, at)}}`) as { uri: string; method: string };
  const seq = (ring.words[(at + OUTCOME_SEQ_AT) >> 2] as number) >>> 0;
  return `${JSON.stringify({ seq, uri, method, reason })}\n`;
}
