// A merge moves one of these once per record: no allocation but at a refill that meets a record longer than its buffer.
// Guarded by perf/trace-read.bench.ts.

import { closeSync, openSync, readSync } from "node:fs";
import { invariant } from "../core/errors.ts";
import { ARRIVAL_AT, LENGTH_AT } from "./layout.ts";
import { READ_AHEAD_RECORDS, ReadAhead } from "./read-ahead.ts";
import { type RecordBlock, recordBlock } from "./record-view.ts";

/** Walks over a sorted run. Before the first `advance` it shows nothing. */
export interface RunCursor {
  readonly block: RecordBlock;
  /** Position of the current record in `block`. */
  readonly at: number;
  /** Its arrival in microseconds. */
  readonly arrivalUs: number;
  /** Moves to the next record; false at the end. What stood in `block` before is lost. */
  advance(): boolean;
  rewind(): void;
  close(): void;
}

/** A run that never left memory. */
export class MemoryRun implements RunCursor {
  readonly block: RecordBlock;
  readonly #order: Uint32Array;
  readonly #readAhead = new ReadAhead();
  #place = 0;
  at = 0;
  arrivalUs = 0;

  /** `order`: positions of the records in units of 8 bytes. */
  constructor(block: RecordBlock, order: Uint32Array) {
    this.block = block;
    this.#order = order;
  }

  advance(): boolean {
    if (this.#place === this.#order.length) return false;
    if (this.#place % READ_AHEAD_RECORDS === 0) {
      const to = Math.min(this.#order.length, this.#place + READ_AHEAD_RECORDS);
      this.#readAhead.read(this.block, this.#order, this.#place, to);
    }
    this.at = (this.#order[this.#place++] as number) * 8;
    this.arrivalUs = this.block.data.getFloat64(this.at + ARRIVAL_AT, true);
    return true;
  }

  rewind(): void {
    this.#place = 0;
  }

  close(): void {
    // The owner of the run buffer drops it together with this cursor.
  }
}

export type SpilledRun = {
  readonly path: string;
  readonly bytes: number;
  readonly records: number;
};

/** A run in a file, read through a buffer that holds at least the current record. */
export class FileRun implements RunCursor {
  block: RecordBlock;
  at = 0;
  arrivalUs = 0;
  readonly #bytes: number;
  #descriptor: number;
  /** Bytes of the file that were read so far, and of the buffer that are filled. */
  #read = 0;
  #filled = 0;
  #length = 0;

  constructor(run: SpilledRun, buffer: Buffer) {
    this.#bytes = run.bytes;
    this.block = recordBlock(buffer);
    this.#descriptor = openSync(run.path, "r");
  }

  advance(): boolean {
    this.at += this.#length;
    this.#length = 0;
    if (this.at + LENGTH_AT + 4 > this.#filled && !this.#refill(LENGTH_AT + 4)) return false;
    const length = this.block.data.getUint32(this.at + LENGTH_AT, true);
    if (this.at + length > this.#filled) {
      invariant(this.#refill(length), "a spilled run ends inside a record");
    }
    this.#length = length;
    this.arrivalUs = this.block.data.getFloat64(this.at + ARRIVAL_AT, true);
    return true;
  }

  rewind(): void {
    this.at = 0;
    this.#read = 0;
    this.#filled = 0;
    this.#length = 0;
  }

  close(): void {
    if (this.#descriptor === -1) return;
    closeSync(this.#descriptor);
    this.#descriptor = -1;
  }

  /** Moves the rest to the front and reads on until `needed` bytes stand at `at`; false at the end of the file. */
  #refill(needed: number): boolean {
    const rest = this.#filled - this.at;
    const { buffer } = this.block;
    const roomy =
      needed <= buffer.length ? this.block : recordBlock(Buffer.allocUnsafeSlow(needed));
    buffer.copy(roomy.buffer, 0, this.at, this.#filled);
    this.block = roomy;
    this.at = 0;
    this.#filled = rest;
    while (this.#filled < needed && this.#read < this.#bytes) {
      const room = roomy.buffer.length - this.#filled;
      const got = readSync(this.#descriptor, roomy.buffer, this.#filled, room, this.#read);
      if (got === 0) break;
      this.#read += got;
      this.#filled += got;
    }
    return this.#filled >= needed;
  }
}
