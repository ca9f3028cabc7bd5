// What a node was given and has not told the outcome of. Runs twice per operation on the main thread; budget 300 ns.

import { recordLength } from "../../ring/record-run.ts";
import { seqOf } from "../operation-run.ts";

/** A batch is shorter. */
const OFFSETS = 2 ** 20;

type Batch = { readonly records: Buffer; left: number };

export class OperationLedger {
  /** By sequence number: batch number x OFFSETS + offset of the record in it. */
  readonly #places = new Map<number, number>();
  readonly #batches = new Map<number, Batch>();

  /** Operations whose outcomes are not known. */
  get open(): number {
    return this.#places.size;
  }

  /** `records` is kept, and freed with the outcome of the last one in it. */
  enter(batch: number, records: Buffer, offsets: Iterable<number>): void {
    let left = 0;
    for (const at of offsets) {
      this.#places.set(seqOf(records, at), batch * OFFSETS + at);
      left++;
    }
    if (left > 0) this.#batches.set(batch, { records, left });
  }

  /** False when nobody waits for this outcome: it was told before, or is somebody else's by now. */
  settle(seq: number): boolean {
    const place = this.#places.get(seq);
    if (place === undefined) return false;
    this.#places.delete(seq);
    const number = Math.floor(place / OFFSETS);
    const batch = this.#batches.get(number) as Batch;
    if (--batch.left === 0) this.#batches.delete(number);
    return true;
  }

  /** Everything that is open, in the order in which it was given; nothing is open afterwards. */
  takeOpen(): Buffer[] {
    const open = [...this.#places.values()].map((place) => {
      const { records } = this.#batches.get(Math.floor(place / OFFSETS)) as Batch;
      const at = place % OFFSETS;
      return records.subarray(at, at + recordLength(records, at));
    });
    this.#places.clear();
    this.#batches.clear();
    return open;
  }
}
