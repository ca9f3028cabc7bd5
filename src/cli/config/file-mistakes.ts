import { UsageError } from "../../core/errors.ts";

/** Something wrong in a file. Line and column count from 1; null where no place of the file is to blame. */
export type FileMistake = {
  readonly line: number | null;
  readonly column: number | null;
  readonly sentence: string;
};

/** All mistakes of one file, in its order. Printed as `file:line:col: sentence`, a line each. */
export class FileMistakes extends UsageError {
  readonly mistakes: readonly FileMistake[];

  constructor(file: string, mistakes: readonly FileMistake[], options?: ErrorOptions) {
    const sorted = mistakes.toSorted(inFileOrder);
    super(
      sorted.map((mistake) => lineOf(file, mistake)),
      options,
    );
    this.mistakes = sorted;
  }
}

const inFileOrder = (one: FileMistake, other: FileMistake): number =>
  (one.line ?? 0) - (other.line ?? 0) || (one.column ?? 0) - (other.column ?? 0);

/** What has no place names its own cause: a flag, or the file as a whole. */
const lineOf = (file: string, { line, column, sentence }: FileMistake): string =>
  line === null ? sentence : `${file}:${line}:${column ?? 1}: ${sentence}`;
