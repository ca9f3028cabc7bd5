import type { TraceAccount } from "./account.ts";
import type { RecordView } from "./record-view.ts";

/**
 * The kept records in order of arrival. After `openTrace` all inputs have been read: `next` merges sorted runs, from
 * memory or by synchronous reads of spill files.
 */
export interface TraceStream {
  /** Shows the current record after `next()` returned true; what it shows is borrowed until the following `next()`. */
  readonly view: RecordView;
  /** Place of the current record, from 0. */
  readonly seq: number;
  /** Microseconds between the first kept arrival and the current one. */
  readonly delayUs: number;
  /** Names by the file index of a record. */
  readonly files: readonly string[];
  readonly account: TraceAccount;
  /** Moves to the next kept record; false at the end. Allocates nothing. */
  next(): boolean;
  /** Gives up memory and spill files. Idempotent. */
  close(): void;
}
