// What became of every record that was read. Plain data: it goes into run.json and summaries as it is.

/** Why a record was left out by a filter, in the order in which the filters are asked. */
export type FilterReason =
  | "method"
  | "kind"
  | "size_not_positive"
  | "window"
  | "sample"
  | "duplicate_id"
  | "limit";

/** A record that could not be used, and where it stands. `row` and `line` count from 1, `offset` from 0, uncompressed. */
export type BrokenRecord = {
  readonly reason: string;
  readonly file: string;
  readonly row: number;
  readonly line: number;
  readonly offset: number;
  readonly message: string;
};

export type TraceFormat = "json" | "ndjson" | "csv" | "parquet" | "uri-list";
export type Compression = "none" | "gzip" | "zstd";

export type FileAccount = {
  readonly file: string;
  /** Size as stored, compressed or not. */
  readonly bytes: number;
  /** Records read from it, broken ones included. */
  records: number;
  compression: Compression;
  format: TraceFormat;
  /** Columns of CSV or Parquet that mean nothing to us and were not read. */
  ignoredColumns?: readonly string[];
};

/** Broken records kept per reason; all are counted. */
export const SAMPLES_MAX = 20;

/**
 * The counts of one trace; read = kept + folded + the sum of `filtered` + the sum of `broken`.
 *
 * `broken` has the reasons `syntax`, `truncated`, `damaged` (compressed data), `too_long`, `missing:<key>`,
 * `type:<key>`, `timestamp` and `negative_duration`. `folded` are POST and PATCH, which belong to the push that a PUT
 * ends. `duplicates` is the number left out as `duplicate_id`. Source: trace-replay.md R6 to R10.
 */
export type TraceAccount = {
  read: number;
  kept: number;
  folded: number;
  readonly filtered: Partial<Record<FilterReason, number>>;
  readonly broken: Record<string, number>;
  /** The first `SAMPLES_MAX` per reason. */
  readonly brokenSamples: BrokenRecord[];
  readonly defaulted: Record<string, number>;
  duplicates: number;
  readonly files: FileAccount[];
  /** Sorted runs written to disk, those of intermediate merge passes included. */
  readonly spilled: { runs: number; bytes: number };
};

export const emptyAccount = (): TraceAccount => ({
  read: 0,
  kept: 0,
  folded: 0,
  filtered: {},
  broken: {},
  brokenSamples: [],
  defaulted: {},
  duplicates: 0,
  files: [],
  spilled: { runs: 0, bytes: 0 },
});

/** The counts in one line, for messages. */
export function accountLine(account: TraceAccount): string {
  const parts = [`read ${account.read}`, `kept ${account.kept}`];
  if (account.folded > 0) parts.push(`folded ${account.folded}`);
  for (const [reason, count] of Object.entries(account.filtered)) {
    parts.push(`filtered:${reason} ${count}`);
  }
  for (const [reason, count] of Object.entries(account.broken)) {
    parts.push(`broken:${reason} ${count}`);
  }
  return parts.join(", ");
}

/** Where a broken record stands and what is wrong with it. */
export const brokenLine = ({ file, row, line, offset, message, reason }: BrokenRecord): string =>
  `${file}: record ${row}, line ${line}, byte ${offset}: ${message} (${reason})`;

/** The first broken records of each reason, a line each, and how many follow. */
export function brokenLines({
  broken,
  brokenSamples,
}: Pick<TraceAccount, "broken" | "brokenSamples">): string[] {
  const lines = brokenSamples.map(brokenLine);
  for (const [reason, count] of Object.entries(broken)) {
    if (count > SAMPLES_MAX) lines.push(`… ${count} in all (${reason}); --errors FILE lists them`);
  }
  return lines;
}
