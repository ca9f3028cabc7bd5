// Where a source hands its rows in. One sink writes one trace file:
//
//   write, write, ... --> finish   everything is checked, the file gets its name, the manifest is written
//                     \-> abort    nothing of it stays
//
// Exactly one of `finish` and `abort` ends a sink. A source that fails throws; whoever drives it (the command) aborts.

export interface RowSink<Row> {
  /**
   * Masks, formats and keeps a row, which is borrowed until return. False asks the caller to await `drained` before the
   * next row: what is written has to reach the disk first.
   */
  write(row: Row): boolean;
  drained(): Promise<void>;
  /**
   * Sorts what is to be sorted, scans for leaks, renames, writes the manifest. Throws a UsageError or DrayageError when
   * the file cannot be finished and a CheckFailure when a masking check forbids it; nothing stays in either case.
   */
  finish(source: SourceReport): Promise<TraceReport>;
  /** Removes everything that was written. Never throws; idempotent. */
  abort(): Promise<void>;
}

/** What a source has to say about what it read. All of it goes into the manifest, so no clear text in here. */
export type SourceReport = {
  readonly kind: "nova-database" | "nova-dumps" | "registry-log" | "instance-trace";
  /** Facts in words: server version, numbers of files. File names come masked (see `maskedFileName`). */
  readonly facts: Readonly<Record<string, string | number | readonly string[]>>;
  /** Facts that are times of the source. They stay out of the manifest where the times of the trace were moved. */
  readonly times?: Readonly<Record<string, string>>;
  /** Rows or lines read, dropped ones included. */
  readonly rowsRead: number;
  /** Rows left out, by reason. */
  readonly dropped: Readonly<Record<string, number>>;
  readonly warnings: readonly string[];
  /** Inputs or rows that should have been read were not: the command ends with exit code 8. */
  readonly partial: boolean;
};

export type TraceReport = {
  /** The file under its final name; `-` for standard output. */
  readonly path: string;
  readonly rows: number;
  readonly bytes: number;
  /** Of the file, lower-case hex. */
  readonly sha256: string;
  readonly warnings: readonly string[];
};
