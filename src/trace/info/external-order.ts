// Fixed-size rows sorted by a number in flat memory, through files on disk if need be: the machinery that sorts a trace's
// records. It reads two fields of a row, whose places both layouts below keep (trace/layout.ts):
//
//   0        4            8       16
//   | length | the row's  | key   | the row's own
//   | u32    | own, 4 B   | f64   |
import { setImmediate as turn } from "node:timers/promises";
import { throwIfAborted } from "../interruption.ts";
import { ARRIVAL_AT, LENGTH_AT } from "../layout.ts";
import type { RecordBlock } from "../record-view.ts";
import { SortedRuns } from "../sorted-runs.ts";
import { SpillFolder } from "../spill.ts";

const OPEN_FILES_MAX = 64;
const ROWS_PER_TURN = 1 << 16;

export type OrderOptions = {
  readonly memoryBytes: number;
  readonly tmpDir: string | undefined;
  readonly signal: AbortSignal | undefined;
};

export class ExternalOrder {
  readonly #rowBytes: number;
  readonly #signal: AbortSignal | undefined;
  readonly #folder: SpillFolder;
  readonly #runs: SortedRuns;
  rows = 0;

  /** `rowBytes`: a multiple of 8. */
  constructor(rowBytes: number, { memoryBytes, tmpDir, signal }: OrderOptions) {
    this.#rowBytes = rowBytes;
    this.#signal = signal;
    this.#folder = new SpillFolder(tmpDir, { runs: 0, bytes: 0 });
    const everything = Number.POSITIVE_INFINITY;
    this.#runs = new SortedRuns({
      memoryBytes,
      openFilesMax: OPEN_FILES_MAX,
      folder: this.#folder,
      bounds: { records: everything, spanUs: everything, reason: "limit" },
      left: () => undefined,
    });
  }

  /** Where the next row is to be laid out: all of it but length and key. `append` must follow. */
  place(): number {
    return this.#runs.room(this.#rowBytes);
  }

  get block(): RecordBlock {
    return this.#runs.buffer.block;
  }

  /** Accepts the row that was laid out. Keys are whole numbers. */
  append(at: number, key: number): void {
    const { data } = this.block;
    data.setUint32(at + LENGTH_AT, this.#rowBytes, true);
    data.setFloat64(at + ARRIVAL_AT, key, true);
    this.#runs.buffer.append(this.#rowBytes, key);
    this.rows++;
  }

  /** Shows every row in the order of its key; equal keys in the order of appending. Once, and nothing is appended after. */
  async each(take: (block: RecordBlock, at: number, key: number) => void): Promise<void> {
    const merge = await this.#runs.merge(this.#signal);
    try {
      for (let shown = 1; merge.next(); shown++) {
        take(merge.block, merge.at, merge.arrivalUs);
        if (shown % ROWS_PER_TURN !== 0) continue;
        await turn();
        throwIfAborted(this.#signal);
      }
    } finally {
      merge.close();
    }
  }

  /** Gives up files on disk. Idempotent. */
  close(): void {
    this.#runs.abandon();
    this.#folder.remove();
  }
}

const KEY_ROW_BYTES = 16;

/** Counts distinct numbers without remembering them. */
export class DistinctKeys {
  readonly #order: ExternalOrder;

  constructor(options: OrderOptions) {
    this.#order = new ExternalOrder(KEY_ROW_BYTES, options);
  }

  add(key: number): void {
    this.#order.append(this.#order.place(), key);
  }

  get added(): number {
    return this.#order.rows;
  }

  async distinct(): Promise<number> {
    let count = 0;
    let last = Number.NaN;
    await this.#order.each((_block, _at, key) => {
      if (key !== last) count++;
      last = key;
    });
    return count;
  }

  close(): void {
    this.#order.close();
  }
}
