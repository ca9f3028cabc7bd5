// Runs once per record that is not read in order. Guarded by perf/trace-read.bench.ts.

import { HEAD_BYTES } from "./layout.ts";
import type { RecordBlock } from "./record-view.ts";

/** Some lines of cache for each: they stay in the first cache until their turn. */
export const READ_AHEAD_RECORDS = 32;

/**
 * Reads a byte of each of the next records, which stand all over a run buffer, so that the waits for memory overlap
 * instead of following each other: gathering a sorted run takes half the time.
 */
export class ReadAhead {
  /** A sum that nobody needs, but for the compiler to leave the reading in. */
  protected sum = 0;

  /** `order`: positions in units of 8 bytes. */
  read({ buffer }: RecordBlock, order: Uint32Array, from: number, to: number): void {
    let sum = 0;
    for (let i = from; i < to; i++) {
      const at = (order[i] as number) * 8;
      sum += (buffer[at] as number) + (buffer[at + HEAD_BYTES - 1] as number);
    }
    this.sum = sum;
  }
}
