// Rows that a node keeps until its run is over (`cluster.rows: after`): records in batches, in a file that has no name any more,
// so that nothing is left of it when the process is killed. Written on the main thread, five times a second at the least; budget
// 1 ms per 256 KiB.
import { randomUUID } from "node:crypto";
import { closeSync, openSync, readSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";

/** What a run leaves at most: a day at 3,000 requests a second. */
const SPOOL_BYTES_MAX = 64 * 1024 ** 3;

export type RowBatch = { readonly records: Buffer; readonly count: number };

export class RowSpool {
  readonly #file: number;
  readonly #bytesMax: number;
  /** Batches, oldest first. */
  readonly #batches: { readonly bytes: number; readonly count: number }[] = [];
  #length = 0;

  /** Throws what the file system threw. */
  constructor(folder: string, bytesMax: number = SPOOL_BYTES_MAX) {
    const path = join(folder, `drayage-${randomUUID()}.rows`);
    this.#file = openSync(path, "wx+", 0o600);
    rmSync(path);
    this.#bytesMax = bytesMax;
  }

  /** False where there is no room for it: nothing of the batch is kept. */
  put({ records, count }: RowBatch): boolean {
    if (this.#length + records.length > this.#bytesMax) return false;
    try {
      for (let done = 0; done < records.length; )
        done += writeSync(this.#file, records, done, undefined, this.#length + done);
    } catch {
      // A full disk, mostly. The next batch is written over what was begun.
      return false;
    }
    this.#batches.push({ bytes: records.length, count });
    this.#length += records.length;
    return true;
  }

  /** In the order in which they were put. What cannot be read has no records. */
  *batches(): Generator<RowBatch> {
    let at = 0;
    for (const { bytes, count } of this.#batches) {
      yield { records: this.#read(at, bytes), count };
      at += bytes;
    }
  }

  #read(at: number, bytes: number): Buffer {
    const records = Buffer.allocUnsafe(bytes);
    try {
      for (let done = 0; done < bytes; ) {
        const read = readSync(this.#file, records, done, bytes - done, at + done);
        if (read === 0) return Buffer.alloc(0);
        done += read;
      }
    } catch {
      return Buffer.alloc(0);
    }
    return records;
  }

  close(): void {
    closeSync(this.#file);
  }
}
