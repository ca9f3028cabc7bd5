import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DrayageError, messageOf, UsageError } from "../core/errors.ts";
import type { TraceAccount } from "./account.ts";
import { copyText } from "./json-text.ts";
import { LENGTH_AT } from "./layout.ts";
import { READ_AHEAD_RECORDS, ReadAhead } from "./read-ahead.ts";
import { type RecordBlock, recordBlock } from "./record-view.ts";
import type { SpilledRun } from "./run-cursor.ts";

/** Holds the longest record, and spares most calls. */
const WRITE_BYTES = 512 << 10;

/** Files of sorted runs, in a directory of their own under `tmpDir` that is made with the first of them. */
export class SpillFolder {
  readonly #parent: string;
  readonly #spilled: TraceAccount["spilled"];
  #path: string | undefined;
  #count = 0;
  /** One for all writers: runs are written one after the other. */
  #block: RecordBlock | undefined;

  constructor(tmpDir: string | undefined, spilled: TraceAccount["spilled"]) {
    this.#parent = tmpDir ?? tmpdir();
    this.#spilled = spilled;
  }

  /** Opens a new run. The writer must be finished or the folder removed. */
  write(): RunWriter {
    this.#path ??= makeFolder(this.#parent);
    this.#block ??= recordBlock(Buffer.allocUnsafeSlow(WRITE_BYTES));
    return new RunWriter(join(this.#path, `run-${this.#count++}`), this.#block);
  }

  /** Notes a finished run in the account. */
  add(run: SpilledRun): SpilledRun {
    this.#spilled.runs++;
    this.#spilled.bytes += run.bytes;
    return run;
  }

  /** Removes the directory and all in it. Runs that are open can still be read. Idempotent. */
  remove(): void {
    if (this.#path !== undefined) rmSync(this.#path, { recursive: true, force: true });
    this.#path = undefined;
  }
}

function makeFolder(parent: string): string {
  try {
    return mkdtempSync(join(parent, "drayage-trace-"));
  } catch (error) {
    throw new UsageError(`cannot write to the directory for temporary files: ${messageOf(error)}`);
  }
}

/** Writes records one behind the other. */
export class RunWriter {
  readonly #path: string;
  readonly #descriptor: number;
  readonly #block: RecordBlock;
  readonly #readAhead = new ReadAhead();
  #filled = 0;
  #bytes = 0;
  #records = 0;

  constructor(path: string, block: RecordBlock) {
    this.#path = path;
    this.#block = block;
    this.#descriptor = openSync(path, "wx", 0o600);
  }

  /** Arrivals are not earlier than those of what was appended before. */
  append(block: RecordBlock, at: number): void {
    const length = block.data.getUint32(at + LENGTH_AT, true);
    if (this.#filled + length > WRITE_BYTES) this.#flush();
    this.#filled = copyText(this.#block, this.#filled, block, at, at + length);
    this.#bytes += length;
    this.#records++;
  }

  finish(): SpilledRun {
    this.#flush();
    closeSync(this.#descriptor);
    return { path: this.#path, bytes: this.#bytes, records: this.#records };
  }

  /** Closes without finishing, after a failure. */
  abandon(): void {
    closeSync(this.#descriptor);
  }

  /** Appends the records at `order`, positions in units of 8 bytes. */
  appendSorted(block: RecordBlock, order: Uint32Array): void {
    for (let from = 0; from < order.length; from += READ_AHEAD_RECORDS) {
      const to = Math.min(order.length, from + READ_AHEAD_RECORDS);
      this.#readAhead.read(block, order, from, to);
      for (let i = from; i < to; i++) this.append(block, (order[i] as number) * 8);
    }
  }

  /** Appends records that stand one behind the other in order of arrival: the first `bytes` bytes of `block`. */
  appendAll({ buffer }: RecordBlock, bytes: number, records: number): void {
    this.#flush();
    this.#write(buffer, 0, bytes);
    this.#bytes += bytes;
    this.#records += records;
  }

  #flush(): void {
    this.#write(this.#block.buffer, 0, this.#filled);
    this.#filled = 0;
  }

  #write(buffer: Buffer, from: number, to: number): void {
    try {
      for (let at = from; at < to; ) at += writeSync(this.#descriptor, buffer, at, to - at);
    } catch (error) {
      throw new DrayageError("storage", `cannot write ${this.#path}: ${messageOf(error)}`);
    }
  }
}
