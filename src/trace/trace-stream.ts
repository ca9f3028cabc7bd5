// `next` runs once per request in the feeder and allocates nothing. Guarded by perf/trace-read.bench.ts.

import type { TraceAccount } from "./account.ts";
import { emptyBlock, RecordView } from "./record-view.ts";
import type { RunMerge } from "./run-merge.ts";

/** Which of the sorted records are kept; microseconds. */
export type Selection = {
  readonly fromUs: number;
  readonly toUs: number;
  /** After the first kept record, inclusive. */
  readonly spanUs: number;
  readonly records: number;
};

type Parts = {
  readonly merge: RunMerge;
  readonly selection: Selection;
  readonly account: TraceAccount;
  readonly files: readonly string[];
};

/**
 * The kept records in order of arrival. All inputs have been read before it exists: `next` merges sorted runs, from
 * memory or by synchronous reads of spill files.
 */
export class TraceStream {
  /** Shows the current record after `next()` returned true; what it shows is borrowed until the following `next()`. */
  readonly view: RecordView;
  /** Names by the file index of a record. */
  readonly files: readonly string[];
  readonly account: TraceAccount;
  /** Place of the current record, from 0. */
  seq = -1;
  /** Microseconds between the first kept arrival and the current one. */
  delayUs = 0;
  readonly #selection: Selection;
  #merge: RunMerge | undefined;
  #firstUs = 0;

  constructor({ merge, selection, account, files }: Parts) {
    this.#merge = merge;
    this.#selection = selection;
    this.account = account;
    this.files = files;
    this.view = new RecordView(emptyBlock);
  }

  /** Moves to the next kept record; false at the end, and from then on. */
  next(): boolean {
    const merge = this.#merge;
    if (merge === undefined) return false;
    const { fromUs, toUs, spanUs, records } = this.#selection;
    let more = this.seq + 1 < records && merge.next();
    while (more && merge.arrivalUs < fromUs) more = merge.next();
    if (!more || merge.arrivalUs >= toUs) return this.#end();
    const { arrivalUs } = merge;
    if (this.seq === -1) this.#firstUs = arrivalUs;
    if (arrivalUs - this.#firstUs > spanUs) return this.#end();
    this.seq++;
    this.delayUs = arrivalUs - this.#firstUs;
    this.view.moveTo(merge.block, merge.at);
    return true;
  }

  /** Gives up memory and spill files; the view shows nothing any more. Idempotent. */
  close(): void {
    this.#merge?.close();
    this.#merge = undefined;
    this.view.moveTo(emptyBlock, 0);
  }

  #end(): false {
    this.close();
    return false;
  }
}
