// Puts operations into the rings of the request worker threads, waiting where one is full. Runs once per request in the
// feeder thread, which may block: it has nothing else to do.
import {
  DIGEST_AT,
  DIGEST_BYTES,
  type OperationFields,
  type OperationParts,
  operationRecordBytes,
  rowAtBehind,
  TARGET_AT,
  writeOperationFields,
} from "../../ring/operation-record.ts";
import type { RingProducer } from "../../ring/record-ring.ts";
import type { RunOrders } from "../run-orders.ts";
import { PartCopier } from "./part-copier.ts";

/** Records between two publications: perf/ring-one-to-one.bench.ts, one by one costs twice as much. */
const PUBLISH_EVERY = 32;
/** A full ring is looked at again at least this often, so that an order to stop is seen. */
const WAIT_MS = 50;

/** The byte parts of a record; each is copied. */
export type OperationBytes = {
  digest: Buffer;
  target: Buffer;
  targetBytes: number;
  row: Buffer;
  rowBytes: number;
  key: Buffer;
  keyBytes: number;
  body: Buffer;
  bodyBytes: number;
};

const NOTHING = Buffer.alloc(0);
const NO_DIGEST = Buffer.alloc(DIGEST_BYTES);

/** A record without any of its parts but those given. */
export const operationBytes = (own: Partial<OperationBytes> = {}): OperationBytes => ({
  digest: NO_DIGEST,
  target: NOTHING,
  targetBytes: 0,
  row: NOTHING,
  rowBytes: 0,
  key: NOTHING,
  keyBytes: 0,
  body: NOTHING,
  bodyBytes: 0,
  ...own,
});

export class OperationFeed {
  readonly #rings: readonly RingProducer[];
  readonly #orders: RunOrders;
  readonly #unpublished: Int32Array;
  readonly #digest = new PartCopier();
  readonly #target = new PartCopier();
  readonly #row = new PartCopier();
  /** Called once, when a ring is full for the first time or the source is at its end: the run may start. */
  #primed: (() => void) | undefined;
  emitted = 0;
  #stopped = false;

  constructor(rings: readonly RingProducer[], orders: RunOrders, primed: () => void) {
    this.#rings = rings;
    this.#orders = orders;
    this.#primed = primed;
    this.#unpublished = new Int32Array(rings.length);
  }

  /** False when the run was told to stop: nothing was written. */
  emit(thread: number, fields: OperationFields, bytes: OperationBytes): boolean {
    if (this.#stopped) return false;
    const ring = this.#rings[thread] as RingProducer;
    const at = this.#claim(ring, operationRecordBytes(bytes as OperationParts));
    if (at < 0) return false;
    writeOperationFields(ring, at, fields, bytes as OperationParts);
    this.#digest.copy(bytes.digest, DIGEST_BYTES, ring, at + DIGEST_AT);
    this.#target.copy(bytes.target, bytes.targetBytes, ring, at + TARGET_AT);
    const rowAt = at + rowAtBehind(bytes.targetBytes);
    this.#row.copy(bytes.row, bytes.rowBytes, ring, rowAt);
    if (bytes.keyBytes + bytes.bodyBytes > 0) {
      const into = ring.bytes;
      const keyAt = rowAt + bytes.rowBytes;
      bytes.key.copy(into, keyAt, 0, bytes.keyBytes);
      bytes.body.copy(into, keyAt + bytes.keyBytes, 0, bytes.bodyBytes);
    }
    ring.commit();
    this.emitted++;
    this.#countTowardsPublish(ring, thread);
    return true;
  }

  #countTowardsPublish(ring: RingProducer, thread: number): void {
    const unpublished = (this.#unpublished[thread] as number) + 1;
    this.#unpublished[thread] = unpublished % PUBLISH_EVERY;
    if (unpublished < PUBLISH_EVERY) return;
    ring.publish();
    this.#stopped = this.#orders.stopped();
  }

  #claim(ring: RingProducer, length: number): number {
    let at = ring.claim(length);
    if (at >= 0) return at;
    // The others may be waiting for what is not published yet while this thread waits here.
    this.publish();
    while (at < 0 && !this.#orders.stopped()) {
      ring.waitForSpace(WAIT_MS);
      at = ring.claim(length);
    }
    return at;
  }

  /** Everything emitted so far becomes visible, and the run may start: call it before waiting for anything. */
  publish(): void {
    for (const ring of this.#rings) ring.publish();
    this.#primed?.();
    this.#primed = undefined;
  }

  close(): void {
    for (const ring of this.#rings) ring.close();
    this.publish();
  }
}
