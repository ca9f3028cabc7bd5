import { setImmediate as turn } from "node:timers/promises";
import { UsageError } from "../../core/errors.ts";
import { throwIfAborted } from "../interruption.ts";
import { Ledger } from "../ledger.ts";
import { SortedRuns } from "../sorted-runs.ts";
import { SpillFolder } from "../spill.ts";
import { TraceWindow } from "../trace-window.ts";
import { inputFiles, type WriteOptions, type WrittenTrace } from "./convert-trace.ts";
import { LeftOutKeys } from "./left-out-keys.ts";
import { FieldReader, type NativeFields } from "./native-fields.ts";
import { Selection, type SliceChoice, type SliceCounts } from "./selection.ts";
import { putRecord, SORTABLE_BYTES_MAX, SortedRecords, sortableBytes } from "./sorted-records.ts";
import { readSound } from "./sound-records.ts";
import { openOutput, type TraceOutput } from "./trace-output.ts";

const MEMORY_BYTES: number = 64 << 20;
const OPEN_FILES_MAX = 256;
const RECORDS_PER_TURN = 4096;

/** Changes records on their way out, for example by masking. */
export interface RecordChange {
  /** Sees every record of the slice, in order, before the first is changed. */
  note(fields: NativeFields): void;
  /** The record as it is to be written; `null` leaves it out. */
  change(fields: NativeFields): NativeFields | null;
  /** Called before the file gets its name; may throw. `written` gives all records as they were written. */
  check(written: () => Iterable<NativeFields>): Promise<void>;
}

export type SliceOptions = WriteOptions &
  SliceChoice & {
    /** Whether the window and the order go by the end of a request, its timestamp, or by its start. */
    readonly arrival: "timestamp" | "start";
    readonly limit: number | undefined;
    readonly change?: RecordChange | undefined;
    readonly tmpDir: string | undefined;
    readonly memoryBytes?: number | undefined;
  };

export type WrittenSlice = WrittenTrace & {
  /** Sound records that are not in the slice. */
  readonly left: SliceCounts;
};

/**
 * Writes a part of one trace or several to one file, in order of time; ties in the order of reading. Records of all
 * methods are kept. What does not fit `memoryBytes` is sorted through files in `tmpDir`. Throws as `convertTrace` does,
 * and UsageError if nothing is left.
 */
export async function sliceTrace(options: SliceOptions): Promise<WrittenSlice> {
  const files = inputFiles(options);
  const window = new TraceWindow(options.window, "--");
  const ledger = new Ledger({ ...options, files });
  const folder = new SpillFolder(options.tmpDir, ledger.account.spilled);
  const selection = new Selection(options, window);
  // The first of all are known only when the window is.
  const first = window.hasOffsets ? undefined : options.limit;
  const runs = new SortedRuns({
    memoryBytes: options.memoryBytes ?? MEMORY_BYTES,
    openFilesMax: OPEN_FILES_MAX,
    folder,
    bounds: {
      records: first ?? Number.POSITIVE_INFINITY,
      spanUs: Number.POSITIVE_INFINITY,
      reason: "limit",
    },
    left: (_, count) => selection.leftOut("limit", count),
  });
  const parts = { ledger, runs, selection };
  try {
    return await writeSlice(files, options, parts);
  } finally {
    runs.abandon();
    ledger.close();
    folder.remove();
  }
}

type Parts = {
  readonly ledger: Ledger;
  readonly runs: SortedRuns;
  readonly selection: Selection;
};

async function writeSlice(
  files: readonly string[],
  options: SliceOptions,
  parts: Parts,
): Promise<WrittenSlice> {
  const { ledger, runs, selection } = parts;
  const { output: path, form } = options;
  const keys = new LeftOutKeys();
  // Opened first: a place that cannot be written is told before hours of reading.
  const output = await openOutput(path, form, keys);
  try {
    await collect(files, options, parts);
    const merge = await runs.merge(options.signal);
    try {
      await new Slice(new SortedRecords(merge), { options, selection, keys }).write(output);
    } finally {
      merge.close();
    }
    if (output.records === 0) throw new UsageError(nothingLeft(ledger.account.read, selection));
    const bytes = await output.finish();
    const { records, roundedTimes } = output;
    const figures = { records, bytes, roundedTimes, leftOutKeys: keys.counts };
    return { path, form, ...figures, account: ledger.account, left: selection.left };
  } catch (error) {
    output.discard();
    throw error;
  }
}

const nothingLeft = (read: number, { left }: Selection): string => {
  const counts = Object.entries(left).map(([reason, count]) => `, ${reason} ${count}`);
  return `no record is left: read ${read}${counts.join("")}; nothing was written`;
};

async function collect(
  files: readonly string[],
  { arrival, signal, onProgress }: SliceOptions,
  { ledger, runs, selection }: Parts,
): Promise<void> {
  await readSound({
    files,
    ledger,
    signal,
    onProgress,
    onSound: (raw, { timeUs, durationUs }) => {
      const arrivalUs = arrival === "start" ? timeUs - durationUs : timeUs;
      if (!selection.takes(raw, arrivalUs)) return;
      if (sortableBytes(raw) <= SORTABLE_BYTES_MAX) putRecord(runs, raw, { arrivalUs, timeUs });
      else selection.leftOut("too_long", 1);
    },
  });
}

/** The records of the slice in order, as often as they are asked for. */
class Slice {
  readonly #records: SortedRecords;
  readonly #options: SliceOptions;
  readonly #selection: Selection;
  readonly #keys: LeftOutKeys;
  readonly #fields = new FieldReader();

  constructor(
    records: SortedRecords,
    {
      options,
      selection,
      keys,
    }: {
      readonly options: SliceOptions;
      readonly selection: Selection;
      readonly keys: LeftOutKeys;
    },
  ) {
    this.#records = records;
    this.#options = options;
    this.#selection = selection;
    this.#keys = keys;
  }

  async write(output: TraceOutput): Promise<void> {
    const { change } = this.#options;
    if (change !== undefined) {
      let noted = 0;
      for (const fields of this.#read()) {
        change.note(fields);
        if (++noted % RECORDS_PER_TURN === 0) await this.#pause();
      }
    }
    let seen = 0;
    for (const record of this.#select(true)) {
      this.#add(output, record);
      if (++seen % RECORDS_PER_TURN !== 0) continue;
      await output.drain();
      await this.#pause();
    }
    await change?.check(() => this.#changed(change));
  }

  #add(output: TraceOutput, { raw, timeUs }: SortedRecords): void {
    const { change } = this.#options;
    if (change === undefined) {
      output.copy(raw, timeUs);
      return;
    }
    this.#keys.note(raw);
    this.#put(output, change.change(this.#fields.read(raw, timeUs)));
  }

  /** Signals are heard between turns of the event loop only. */
  async #pause(): Promise<void> {
    await turn();
    throwIfAborted(this.#options.signal);
  }

  #put(output: TraceOutput, fields: NativeFields | null): void {
    if (fields === null) this.#selection.leftOut("not_of_the_api", 1);
    else output.put(fields);
  }

  *#changed(change: RecordChange): Generator<NativeFields> {
    for (const fields of this.#read()) {
      const changed = change.change(fields);
      if (changed !== null) yield changed;
    }
  }

  *#read(): Generator<NativeFields> {
    for (const { raw, timeUs } of this.#select(false)) yield this.#fields.read(raw, timeUs);
  }

  /** `counts`: what is left out now is counted, which is right once. */
  *#select(counts: boolean): Generator<SortedRecords> {
    const records = this.#records;
    const selection = this.#selection;
    const { limit = Number.POSITIVE_INFINITY } = this.#options;
    let taken = 0;
    records.rewind();
    while (records.next()) {
      const reason = !selection.isInside(records.arrivalUs)
        ? "window"
        : taken >= limit
          ? "limit"
          : null;
      if (reason === null) {
        taken++;
        yield records;
      } else if (counts) selection.leftOut(reason, 1);
    }
  }
}
