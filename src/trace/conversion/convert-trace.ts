import { resolve } from "node:path";
import { UsageError } from "../../core/errors.ts";
import { accountLine, type TraceAccount } from "../account.ts";
import { Ledger } from "../ledger.ts";
import { traceFiles } from "../trace-files.ts";
import { LeftOutKeys } from "./left-out-keys.ts";
import { type OnBytes, readSound } from "./sound-records.ts";
import type { TraceForm } from "./trace-form.ts";
import { openOutput } from "./trace-output.ts";

export type WriteOptions = {
  /** Names, globs, folders. */
  readonly inputs: readonly string[];
  readonly output: string;
  readonly form: TraceForm;
  readonly strict: boolean;
  readonly errorsFile: string | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: OnBytes | undefined;
};

export type WrittenTrace = {
  readonly path: string;
  readonly form: TraceForm;
  readonly records: number;
  readonly bytes: number;
  /** Times that were cut to microseconds, because the form has no finer ones. */
  readonly roundedTimes: number;
  /** Records by keys beyond the ten that could not be written; see also `ignoredColumns` of the files. */
  readonly leftOutKeys: Readonly<Record<string, number>>;
  readonly account: TraceAccount;
};

/**
 * Writes the records of traces to one file of another form, in the order of reading. Memory depends on neither. Broken
 * records are left out, and counted in the account. Throws UsageError for inputs that are missing or no traces, for the
 * first broken record if `strict`, and if all records are broken; DrayageError `storage` if a disk fails.
 */
export async function convertTrace(options: WriteOptions): Promise<WrittenTrace> {
  const files = inputFiles(options);
  const ledger = new Ledger({ ...options, files });
  try {
    const keys = new LeftOutKeys();
    const output = await openOutput(options.output, options.form, keys);
    try {
      await readSound({
        files,
        ledger,
        signal: options.signal,
        onProgress: options.onProgress,
        onSound: (raw, { timeUs }) => output.copy(raw, timeUs),
        onPiece: () => output.drain(),
      });
      refuseNothing(ledger.account);
      const bytes = await output.finish();
      const { records, roundedTimes } = output;
      const { output: path, form } = options;
      const figures = { records, bytes, roundedTimes, leftOutKeys: keys.counts };
      return { path, form, ...figures, account: ledger.account };
    } catch (error) {
      output.discard();
      throw error;
    }
  } finally {
    ledger.close();
  }
}

/** The files behind the inputs, none of which may be the output. */
export function inputFiles({ inputs, output }: Pick<WriteOptions, "inputs" | "output">): string[] {
  const files = traceFiles({ location: undefined, traces: inputs });
  if (files.some((file) => resolve(file) === resolve(output)))
    throw new UsageError(`${output} is an input, too: name another file with --out`);
  return files;
}

/** An empty trace may be converted; one of which nothing can be read is a mistake. */
function refuseNothing(account: TraceAccount): void {
  if (account.read > 0 && account.kept === 0)
    throw new UsageError(`no record of the trace can be read: ${accountLine(account)}`);
}
