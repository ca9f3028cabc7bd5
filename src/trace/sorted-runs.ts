import { rmSync } from "node:fs";
import { setImmediate as turn } from "node:timers/promises";
import type { FilterReason } from "./account.ts";
import { throwIfAborted } from "./interruption.ts";
import { ARRIVAL_AT } from "./layout.ts";
import { RunBuffer } from "./run-buffer.ts";
import { FileRun, MemoryRun, type SpilledRun } from "./run-cursor.ts";
import { RunMerge } from "./run-merge.ts";
import type { RunWriter, SpillFolder } from "./spill.ts";

/** Bytes of a run read at once; less than the second is allocated beside the run buffer. */
const READ_BYTES_MAX = 256 << 10;
const READ_BYTES_MIN = 64 << 10;
/** Records merged between two looks at the event loop and the signal. */
const RECORDS_PER_TURN = 1 << 16;

/**
 * How much of a sorted run can ever be kept, so that a limit to the first few requests writes nothing to disk.
 */
export type RunBounds = {
  /** Records at most; those behind cannot be among the first of all runs. */
  readonly records: number;
  /** Microseconds behind the first record of a run, inclusive: the first record of all is not later. */
  readonly spanUs: number;
  readonly reason: FilterReason;
};

type Options = {
  readonly memoryBytes: number;
  readonly openFilesMax: number;
  readonly folder: SpillFolder;
  readonly bounds: RunBounds;
  readonly left: (reason: FilterReason, count: number) => void;
};

/** Takes kept records in the order of reading and gives them back in order of arrival. */
export class SortedRuns {
  readonly buffer: RunBuffer;
  readonly #options: Options;
  #runs: SpilledRun[] = [];
  /** The run written last, to which what follows in order can be added, and its last arrival. */
  #writer: RunWriter | undefined;
  #writtenToUs = 0;

  constructor(options: Options) {
    this.#options = options;
    this.buffer = new RunBuffer(options.memoryBytes);
  }

  /** Where a record of at most so many bytes may be laid out in `buffer.block`. */
  room(bytes: number): number {
    if (!this.buffer.hasRoom(bytes)) {
      this.#makeRoom();
      if (!this.buffer.hasRoom(bytes)) {
        this.#spill(this.buffer.sorted());
        this.buffer.hasRoom(bytes);
      }
    }
    return this.buffer.used;
  }

  /** Merges everything. Nothing may be appended afterwards: the run buffer is what runs are read through. */
  async merge(signal: AbortSignal | undefined): Promise<RunMerge> {
    const order = this.#bounded(this.buffer.sorted());
    if (this.#runs.length === 0 && this.#writer === undefined)
      return new RunMerge([new MemoryRun(this.buffer.block, order)]);
    if (order.length > 0) this.#spill(order);
    this.#finishRun();
    await this.#reduce(signal);
    const merge = new RunMerge(openRuns(this.#runs, this.buffer.block.buffer));
    // The files are open. Without names they vanish with this process, however it ends.
    this.#options.folder.remove();
    return merge;
  }

  #makeRoom(): void {
    const order = this.#bounded(this.buffer.sorted());
    if (order.length <= this.buffer.count / 2) this.buffer.retain(order);
    else this.#spill(order);
  }

  /** The part of a sorted run that can be kept; the rest is counted. */
  #bounded(order: Uint32Array): Uint32Array {
    const { records, spanUs, reason } = this.#options.bounds;
    if (order.length === 0) return order;
    let end = Math.min(order.length, records);
    const last = this.#arrival(order, 0) + spanUs;
    while (end > 0 && this.#arrival(order, end - 1) > last) end--;
    if (end < order.length) this.#options.left(reason, order.length - end);
    return order.subarray(0, end);
  }

  #arrival(order: Uint32Array, place: number): number {
    return this.buffer.block.data.getFloat64((order[place] as number) * 8 + ARRIVAL_AT, true);
  }

  /** Writes a run. One that begins where the run before ended lengthens that: a trace in order is a single run. */
  #spill(order: Uint32Array): void {
    const { buffer } = this;
    if (this.#writer === undefined || this.#arrival(order, 0) < this.#writtenToUs) {
      this.#finishRun();
      this.#writer = this.#options.folder.write();
    }
    if (buffer.ordered && order.length === buffer.count)
      this.#writer.appendAll(buffer.block, buffer.used, order.length);
    else this.#writer.appendSorted(buffer.block, order);
    this.#writtenToUs = this.#arrival(order, order.length - 1);
    buffer.clear();
  }

  /** Gives up a run that is half written, after a failure. Idempotent. */
  abandon(): void {
    this.#writer?.abandon();
    this.#writer = undefined;
  }

  #finishRun(): void {
    if (this.#writer !== undefined)
      this.#runs.push(this.#options.folder.add(this.#writer.finish()));
    this.#writer = undefined;
  }

  /** Merges neighbouring runs until they can all be open at once. Neighbours, so that ties keep their order. */
  async #reduce(signal: AbortSignal | undefined): Promise<void> {
    const { folder, openFilesMax } = this.#options;
    while (this.#runs.length > openFilesMax) {
      const merged: SpilledRun[] = [];
      for (let from = 0; from < this.#runs.length; from += openFilesMax) {
        const group = this.#runs.slice(from, from + openFilesMax);
        const first = group[0] as SpilledRun;
        merged.push(
          group.length === 1
            ? first
            : await mergeGroup(group, { folder, signal, memory: this.buffer.block.buffer }),
        );
      }
      this.#runs = merged;
    }
  }
}

/** Opens runs, which are read through shares of `memory`. */
function openRuns(runs: readonly SpilledRun[], memory: Buffer): FileRun[] {
  const share = Math.floor(memory.length / runs.length / 8) * 8;
  const bytes = Math.min(READ_BYTES_MAX, share);
  const opened: FileRun[] = [];
  try {
    for (const run of runs) {
      const at = opened.length * share;
      const shared = bytes >= READ_BYTES_MIN;
      opened.push(
        new FileRun(
          run,
          shared ? memory.subarray(at, at + bytes) : Buffer.allocUnsafeSlow(READ_BYTES_MIN),
        ),
      );
    }
  } catch (error) {
    for (const run of opened) run.close();
    throw error;
  }
  return opened;
}

async function mergeGroup(
  group: readonly SpilledRun[],
  {
    folder,
    signal,
    memory,
  }: {
    readonly folder: SpillFolder;
    readonly signal: AbortSignal | undefined;
    readonly memory: Buffer;
  },
): Promise<SpilledRun> {
  const merge = new RunMerge(openRuns(group, memory));
  const writer = folder.write();
  try {
    for (let records = 0; merge.next(); records++) {
      writer.append(merge.block, merge.at);
      if (records % RECORDS_PER_TURN !== 0) continue;
      await turn();
      throwIfAborted(signal);
    }
    return folder.add(writer.finish());
  } catch (error) {
    writer.abandon();
    throw error;
  } finally {
    merge.close();
    for (const run of group) rmSync(run.path, { force: true });
  }
}
