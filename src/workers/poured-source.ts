// Operation records that another machine made, on their way into the rings of the request worker threads. On the main thread,
// which must not block: what finds no room waits here. Runs once per request; budget 1 us, a copy of some 600 bytes included.
// Guarded by test/end-to-end/cluster.test.ts.
import { ANY_SLOT, NO_SESSION, SESSION_AT, SLOT_AT } from "../ring/operation-record.ts";
import { RingProducer } from "../ring/record-ring.ts";
import type { FeederTask, FeedSummary } from "./messages.ts";
import { nothingFed } from "./nothing-fed.ts";
import type { OperationSource } from "./operation-source.ts";

/** A ring holds some 50 ms of operations at 20,000 a second. */
const AGAIN_MS = 5;

type Batch = { readonly records: Buffer; at: number; readonly poured: () => void };

export class PouredSource implements OperationSource {
  readonly primed: Promise<void>;
  readonly finished: Promise<FeedSummary>;
  readonly failed: Promise<never> = new Promise(() => {});
  readonly #rings: readonly RingProducer[];
  readonly #queue: Batch[] = [];
  readonly #primed = Promise.withResolvers<void>();
  readonly #finished = Promise.withResolvers<FeedSummary>();
  #timer: NodeJS.Timeout | undefined;
  #last = false;
  #over = false;
  #turn = 0;
  /** Records that are in the rings. */
  poured = 0;

  constructor({ rings }: Pick<FeederTask, "rings">) {
    this.#rings = rings.map((ring) => new RingProducer(ring));
    this.primed = this.#primed.promise;
    this.finished = this.#finished.promise;
  }

  /**
   * Takes records over, one behind the other as in a ring and checked (`countRecords`); `poured` is called when all of them
   * are in rings.
   */
  pour(records: Uint8Array, poured: () => void): void {
    // A copy: the frame that they came in is borrowed.
    this.#queue.push({ records: Buffer.from(records), at: 0, poured });
    this.#pour();
    this.#primed.resolve();
  }

  /** Nothing follows what was given before. */
  end(): void {
    this.#last = true;
    this.#primed.resolve();
    this.#pour();
  }

  #pour(): void {
    clearTimeout(this.#timer);
    if (this.#over) return;
    for (let batch = this.#queue[0]; batch !== undefined; batch = this.#queue[0]) {
      if (!this.#pourBatch(batch)) {
        this.#publish();
        this.#timer = setTimeout(() => this.#pour(), AGAIN_MS);
        return;
      }
      this.#queue.shift();
      batch.poured();
    }
    if (this.#last) this.#close();
    else this.#publish();
  }

  #pourBatch(batch: Batch): boolean {
    const { records } = batch;
    while (batch.at < records.length) {
      const length = records.readInt32LE(batch.at);
      const record = records.subarray(batch.at, batch.at + length);
      const ring = this.#ringOf(record);
      const at = ring.claim(length);
      if (at < 0) return false;
      ring.bytes.set(record, at);
      ring.commit();
      batch.at += length;
      this.poured++;
      this.#turn++;
    }
    return true;
  }

  /** Operations of a slot or a session have an order, and so a thread. */
  #ringOf(record: Buffer): RingProducer {
    const slot = record.readInt32LE(SLOT_AT);
    const session = record.readUInt32LE(SESSION_AT);
    const lane = slot !== ANY_SLOT ? slot : session !== NO_SESSION ? session : this.#turn;
    return this.#rings[lane % this.#rings.length] as RingProducer;
  }

  #publish(): void {
    for (const ring of this.#rings) ring.publish();
  }

  #close(): void {
    this.#over = true;
    for (const ring of this.#rings) ring.close();
    this.#finished.resolve({ ...nothingFed(), emitted: this.poured, complete: true });
  }

  async terminate(): Promise<void> {
    this.#over = true;
    clearTimeout(this.#timer);
  }
}
