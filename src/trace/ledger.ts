import { closeSync, openSync, statSync, writeFileSync } from "node:fs";
import { DrayageError, messageOf, UsageError } from "../core/errors.ts";
import {
  brokenLine,
  emptyAccount,
  type FileAccount,
  type FilterReason,
  SAMPLES_MAX,
  type TraceAccount,
} from "./account.ts";
import { type Place, traceKeys } from "./raw-record.ts";

/** Lines of the errors file gathered before a write. */
const ERROR_LINES_MAX = 256;

type LedgerOptions = {
  readonly strict: boolean;
  readonly errorsFile: string | undefined;
  /** The traces, none of which may be the errors file: that would empty it before it is read. */
  readonly files: readonly string[];
};

/** Counts what becomes of every record while a trace is read, and writes the errors file. */
export class Ledger {
  readonly account: TraceAccount = emptyAccount();
  readonly #strict: boolean;
  readonly #errorsFile: string | undefined;
  readonly #samples = new Map<string, number>();
  readonly #defaulted = new Float64Array(traceKeys.length);
  #errors = -1;
  #lines: string[] = [];
  #file = "";

  constructor({ strict, errorsFile, files }: LedgerOptions) {
    this.#strict = strict;
    this.#errorsFile = errorsFile;
    if (errorsFile !== undefined) this.#errors = openErrors(errorsFile, files);
  }

  startFile(file: FileAccount): void {
    this.account.files.push(file);
    this.#file = file.file;
  }

  filtered(reason: FilterReason, count = 1): void {
    const { filtered } = this.account;
    filtered[reason] = (filtered[reason] ?? 0) + count;
    if (reason === "duplicate_id") this.account.duplicates += count;
  }

  /** Records that looked kept until their place among all was known. */
  leftOut(reason: FilterReason, count: number): void {
    if (count === 0) return;
    this.account.kept -= count;
    this.filtered(reason, count);
  }

  defaulted(field: number): void {
    (this.#defaulted[field] as number)++;
  }

  broken(reason: string, { row, line, offset }: Place, message: string): void {
    const { broken, brokenSamples } = this.account;
    this.account.read++;
    broken[reason] = (broken[reason] ?? 0) + 1;
    const record = { reason, file: this.#file, row, line, offset, message };
    const samples = this.#samples.get(reason) ?? 0;
    if (samples < SAMPLES_MAX) brokenSamples.push(record);
    this.#samples.set(reason, samples + 1);
    if (this.#errors !== -1) this.#lines.push(`${JSON.stringify(record)}\n`);
    if (this.#lines.length >= ERROR_LINES_MAX) this.#flush();
    if (this.#strict) throw new UsageError(brokenLine(record));
  }

  /** Completes the account and the errors file. Idempotent. */
  close(): void {
    for (const [field, key] of traceKeys.entries()) {
      const count = this.#defaulted[field] as number;
      if (count > 0) this.account.defaulted[key] = count;
    }
    if (this.#errors === -1) return;
    this.#flush();
    closeSync(this.#errors);
    this.#errors = -1;
  }

  #flush(): void {
    try {
      writeFileSync(this.#errors, this.#lines.join(""));
    } catch (error) {
      throw new DrayageError("storage", `cannot write ${this.#errorsFile}: ${messageOf(error)}`);
    }
    this.#lines = [];
  }
}

function openErrors(path: string, traces: readonly string[]): number {
  try {
    if (!isOneOf(traces, path)) return openSync(path, "w");
  } catch (error) {
    throw new UsageError(`cannot write the errors file ${path}: ${messageOf(error)}`);
  }
  throw new UsageError(`the errors file ${path} is one of the traces: name another file`);
}

/** Whether a file is one of these, by whatever name. */
function isOneOf(files: readonly string[], path: string): boolean {
  const found = statSync(path, { throwIfNoEntry: false });
  return files.some((file) => {
    const { dev, ino } = statSync(file);
    return dev === found?.dev && ino === found.ino;
  });
}
