import type { BrokenRecord, TraceAccount } from "../account.ts";
import { SAMPLES_MAX } from "../account.ts";
import { TextSpan } from "../info/record-judge.ts";
import { Ledger } from "../ledger.ts";
import { Field, type RawRecord } from "../raw-record.ts";
import { SeenIds } from "../seen-ids.ts";
import { traceFiles } from "../trace-files.ts";
import { type OnBytes, readSound } from "./sound-records.ts";

export type ValidateOptions = {
  readonly inputs: readonly string[];
  readonly strict: boolean;
  readonly errorsFile: string | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: OnBytes | undefined;
};

/** Where a record stands that is sound but out of order, or a repetition. */
export type Finding = Pick<BrokenRecord, "file" | "row" | "line" | "offset">;

/** How often something was found in sound records, and the first places. */
export type Findings = { count: number; readonly first: Finding[] };

export type FileValidation = {
  readonly file: string;
  sound: number;
  /** Records whose timestamp is before that of the record in front of them, in the same file. */
  unordered: number;
  /** Records whose id came before, in any file. */
  duplicates: number;
  /** Timestamps, microseconds since the Unix epoch; `null` without sound records. */
  firstUs: number | null;
  lastUs: number | null;
};

export type TraceValidation = {
  readonly files: readonly FileValidation[];
  readonly unordered: Findings;
  readonly duplicates: Findings;
  readonly account: TraceAccount;
};

/**
 * Reads traces to their ends and tells what is wrong with them: broken records in the account, order and repeated ids
 * beside. Memory grows by about 16 bytes per id. Throws UsageError for files that are missing or no traces, and for the
 * first broken record if `strict`. Source: trace-replay.md R5 to R9.
 */
export async function validateTrace(options: ValidateOptions): Promise<TraceValidation> {
  const names = traceFiles({ location: undefined, traces: options.inputs });
  const ledger = new Ledger({ ...options, files: names });
  const checks = new Checks(names);
  try {
    await readSound({
      files: names,
      ledger,
      signal: options.signal,
      onProgress: options.onProgress,
      onSound: (raw, { timeUs }, file) => checks.take(raw, timeUs, file),
    });
  } finally {
    ledger.close();
  }
  const { files, unordered, duplicates } = checks;
  return { files, unordered, duplicates, account: ledger.account };
}

class Checks {
  readonly files: readonly FileValidation[];
  readonly unordered: Findings = { count: 0, first: [] };
  readonly duplicates: Findings = { count: 0, first: [] };
  readonly #seen = new SeenIds();
  readonly #id = new TextSpan();
  #file = -1;
  #beforeUs = Number.NEGATIVE_INFINITY;

  constructor(names: readonly string[]) {
    this.files = names.map((file) => ({
      file,
      sound: 0,
      unordered: 0,
      duplicates: 0,
      firstUs: null,
      lastUs: null,
    }));
  }

  take(raw: RawRecord, timeUs: number, index: number): void {
    const file = this.files[index] as FileValidation;
    if (index !== this.#file) this.#beforeUs = Number.NEGATIVE_INFINITY;
    this.#file = index;
    file.sound++;
    if (timeUs < this.#beforeUs) {
      file.unordered++;
      note(this.unordered, raw, file.file);
    }
    this.#beforeUs = timeUs;
    file.firstUs = Math.min(file.firstUs ?? timeUs, timeUs);
    file.lastUs = Math.max(file.lastUs ?? timeUs, timeUs);
    if (!this.#isRepeated(raw)) return;
    file.duplicates++;
    note(this.duplicates, raw, file.file);
  }

  #isRepeated(raw: RawRecord): boolean {
    this.#id.read(raw, Field.id);
    const { buffer, from, to } = this.#id;
    return from !== -1 && !this.#seen.add(buffer, from, to);
  }
}

function note(findings: Findings, { row, line, offset }: RawRecord, file: string): void {
  findings.count++;
  if (findings.first.length < SAMPLES_MAX) findings.first.push({ file, row, line, offset });
}
