import { statSync } from "node:fs";
import { UsageError } from "../core/errors.ts";
import { accountLine, brokenLines, type FileAccount } from "./account.ts";
import { takeCensus } from "./census.ts";
import { IncludeFilter } from "./include-filter.ts";
import { Intake } from "./intake.ts";
import type { KeyNumbers } from "./key-numbers.ts";
import { LaterFilters } from "./later-filters.ts";
import { Ledger } from "./ledger.ts";
import { Field } from "./raw-record.ts";
import type { RunMerge } from "./run-merge.ts";
import { type RunBounds, SortedRuns } from "./sorted-runs.ts";
import { SpillFolder } from "./spill.ts";
import { traceFiles } from "./trace-files.ts";
import { defaultInclude, type OpenTraceOptions } from "./trace-options.ts";
import { readTrace } from "./trace-reader.ts";
import { type Selection, TraceStream } from "./trace-stream.ts";
import { TraceWindow } from "./trace-window.ts";

const MEMORY_BYTES: number = 16 << 20;
const OPEN_FILES_MAX = 256;

/**
 * Reads traces and gives back the records to replay, in order of arrival; ties in the order of `traces`, then of rows.
 *
 * Memory stays within `memoryBytes` and some 10 MiB, whatever the size of the input; what does not fit is sorted
 * through files in `tmpDir`. Broken records are counted in the account, not thrown. Throws UsageError for files that
 * are missing or no traces, for the first broken record if `strict`, and if no record is kept; DrayageError
 * `interrupted` after `signal`, `storage` if a disk fails. Source: trace-replay.md 1.5, 2, 3.2 and 3.3.
 *
 * With `keys` the records are keyed ones (layout.ts): a fifth of the bytes, and no text is looked at again. Those that
 * are not asked about are only counted, in the keys, where no window or limit depends on their places. As more of them
 * are sorted at once, it is some 20 MiB beside `memoryBytes`, and what the keys take.
 */
export async function openTrace(
  options: OpenTraceOptions,
  keys?: KeyNumbers,
): Promise<TraceStream> {
  const files = traceFiles({ location: options.location, traces: options.traces });
  const window = new TraceWindow(options.window);
  const { strict = false, errorsFile } = options;
  const ledger = new Ledger({ strict, errorsFile, files });
  const folder = new SpillFolder(options.tmpDir, ledger.account.spilled);
  const runs = new SortedRuns({
    memoryBytes: options.memoryBytes ?? MEMORY_BYTES,
    openFilesMax: options.openFilesMax ?? OPEN_FILES_MAX,
    folder,
    bounds: boundsOf(options, window),
    left: (reason, count) => ledger.leftOut(reason, count),
  });
  try {
    await readAll(files, options, { window, ledger, runs, keys });
    const merge = await runs.merge(options.signal);
    return await streamOf(merge, options, { window, ledger, files });
  } finally {
    runs.abandon();
    ledger.close();
    folder.remove();
  }
}

type Parts = { readonly window: TraceWindow; readonly ledger: Ledger };

async function readAll(
  files: readonly string[],
  options: OpenTraceOptions,
  {
    window,
    ledger,
    runs,
    keys,
  }: Parts & { readonly runs: SortedRuns; readonly keys: KeyNumbers | undefined },
): Promise<void> {
  const { sample, seed = 0, dedupe = false, arrival = "timestamp", signal } = options;
  const dropped = droppedFields(options, keys);
  const sparse = options.limit === undefined && !window.hasOffsets;
  const keyed = keys === undefined ? undefined : { numbers: keys, sparse };
  const include = new IncludeFilter(options.include ?? defaultInclude);
  const later = new LaterFilters({ window, sample, seed, dedupe });
  const intake = new Intake({ ledger, runs, include, later, arrival, dropped, keyed });
  const sizes = files.map((file) => statSync(file).size);
  const bytesTotal = sizes.reduce((sum, size) => sum + size, 0);
  let bytesDone = 0;
  for (const [index, path] of files.entries()) {
    await readTrace(path, {
      sink: intake,
      allowUriList: options.allowUriList ?? false,
      signal,
      onFile: (file: FileAccount) => {
        ledger.startFile(file);
        intake.startFile(index, file.format);
      },
      onChunk: (read) => {
        const bytes = bytesDone + read;
        const progress = { file: path, filesDone: index, files: files.length, bytes, bytesTotal };
        options.onProgress?.(progress);
      },
    });
    bytesDone += sizes[index] ?? 0;
  }
}

/** Fields that kept records do without. Duplicates are told by their id, and whole clients make a sample. */
function droppedFields(
  { texts, dedupe, sample }: OpenTraceOptions,
  keys: KeyNumbers | undefined,
): readonly number[] {
  const keyed = keys !== undefined;
  if (texts !== "addresses" && !keyed) return [];
  const client = !keyed || keys.needsClient || sample !== undefined;
  return [
    Field.host,
    Field.agent,
    ...(dedupe === true ? [] : [Field.id]),
    ...(client ? [] : [Field.client]),
  ];
}

async function streamOf(
  merge: RunMerge,
  options: OpenTraceOptions,
  { window, ledger, files }: Parts & { readonly files: readonly string[] },
): Promise<TraceStream> {
  const { account } = ledger;
  const selection: Selection = { ...window.resolve(), ...limitsOf(options) };
  try {
    if (window.hasOffsets || Number.isFinite(selection.spanUs)) {
      const { window: outside, limit } = await takeCensus(merge, selection, options.signal);
      ledger.leftOut("window", outside);
      ledger.leftOut("limit", limit);
    } else ledger.leftOut("limit", Math.max(0, account.kept - selection.records));
    if (account.kept === 0) {
      const counts = `no record of the trace is left to replay: ${accountLine(account)}`;
      throw new UsageError([counts, ...brokenLines(account)]);
    }
    return new TraceStream({ merge, selection, account, files });
  } catch (error) {
    merge.close();
    throw error;
  }
}

function limitsOf({ limit }: OpenTraceOptions): { spanUs: number; records: number } {
  const none = Number.POSITIVE_INFINITY;
  if (limit === undefined) return { spanUs: none, records: none };
  switch (limit.type) {
    case "seconds":
      // What a decimal fraction is off by must not cost a record that arrives at that very microsecond.
      return { spanUs: Math.floor(limit.amount * 1e6 + 0.001), records: none };
    case "requests":
      return { spanUs: none, records: limit.amount };
    default:
      limit.type satisfies never;
      return { spanUs: none, records: none };
  }
}

/** What is known about the end of the selection while it is being read; see RunBounds. */
function boundsOf(options: OpenTraceOptions, window: TraceWindow): RunBounds {
  const none = Number.POSITIVE_INFINITY;
  if (window.offsetToUs !== undefined) {
    return { records: none, spanUs: window.offsetToUs, reason: "window" };
  }
  // A window that begins at an offset may leave out what now looks like the first record.
  if (window.hasOffsets) return { records: none, spanUs: none, reason: "window" };
  return { ...limitsOf(options), reason: "limit" };
}
