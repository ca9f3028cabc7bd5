// Moves operation records out of one ring of the feeder to the node that they belong to, a little ahead of the schedule. Runs on
// the main thread every few milliseconds, many records at a time; budget 500 ns a record. Guarded by
// test/end-to-end/cluster.test.ts.
import { DUE_AT, SEQ_AT } from "../../ring/operation-record.ts";
import { RingConsumer } from "../../ring/record-ring.ts";
import type { GivenOperations } from "./given-operations.ts";

/** Schedule time that a node has ahead of the clock, at most. It is what it lives on when the network is cut. */
const AHEAD_NS = 10e9;
/** Operations that a node was given and has not ended, at most. */
export const AHEAD_OPERATIONS = 64 * 1024;
/** A batch goes out when it has so many bytes. With the largest record it fits a frame. */
const BATCH_BYTES = 128 * 1024;
/** Batches of one pass: other nodes have their turn, and so has the event loop. */
const BATCHES_PER_PASS = 16;

export type BatchTaker = {
  /** Operations that were given and have not ended. */
  readonly open: number;
  /** Nothing more should be given for now: the connection is full. */
  readonly isFull: boolean;
  /** Takes the memory over. */
  give(records: Buffer, offsets: readonly number[]): void;
};

export class OperationPump {
  readonly #ring: RingConsumer;
  readonly #given: GivenOperations | undefined;

  /** `given`: what an earlier master gave to nodes, and is passed over. */
  constructor(memory: SharedArrayBuffer, given?: GivenOperations) {
    this.#ring = new RingConsumer(memory);
    this.#given = given;
  }

  get ended(): boolean {
    return this.#ring.ended();
  }

  /** Passes over what an earlier master gave, up to the first that it did not give as far as is known. Returns how many. */
  skipGiven(): number {
    const ring = this.#ring;
    let skipped = 0;
    for (let at = ring.peek(); at >= 0 && this.#isGiven(at); at = ring.peek()) {
      this.#pass();
      skipped++;
    }
    ring.release();
    return skipped;
  }

  #pass(): void {
    this.#ring.take();
    if (this.#given !== undefined) this.#given.open--;
  }

  #isGiven(at: number): boolean {
    return this.#given?.has(this.#ring.words[(at + SEQ_AT) >> 2] as number) === true;
  }

  /** Gives what is due up to `AHEAD_NS` behind `now`, ns of the schedule. */
  pump(now: number, taker: BatchTaker): void {
    for (let batch = 0; batch < BATCHES_PER_PASS; batch++) {
      if (taker.isFull || !this.#pumpBatch(now + AHEAD_NS, taker)) return;
    }
  }

  #pumpBatch(until: number, taker: BatchTaker): boolean {
    const ring = this.#ring;
    const room = AHEAD_OPERATIONS - taker.open;
    const pieces: Buffer[] = [];
    const offsets: number[] = [];
    let length = 0;
    while (length < BATCH_BYTES && offsets.length < room) {
      const at = ring.peek();
      if (at >= 0 && this.#isGiven(at)) {
        this.#pass();
        continue;
      }
      // NaN, "as soon as possible", is never greater.
      if (at < 0 || (ring.doubles[(at + DUE_AT) >> 3] as number) > until) break;
      const bytes = ring.words[at >> 2] as number;
      pieces.push(ring.bytes.subarray(at, at + bytes));
      offsets.push(length);
      length += bytes;
      ring.take();
    }
    if (length > 0) taker.give(Buffer.concat(pieces, length), offsets);
    ring.release();
    return length >= BATCH_BYTES;
  }
}
