import type { LogReader } from "./log-item.ts";
import type { LogSource } from "./log-source.ts";

/** Where a thread of its own finds what to read. Plain data. */
export type ReaderPlan =
  | { readonly kind: "file"; readonly path: string; readonly limits: ReadLimits }
  | { readonly kind: "directory"; readonly path: string; readonly limits: DirectoryLimits };

/** What `ReadFile` takes besides its path. */
export type ReadLimits = {
  /** Elapsed seconds, inclusive. */
  readonly minTime?: number | null;
  /** Elapsed seconds, inclusive; the first item behind it ends the reading. */
  readonly maxTime?: number | null;
  /** Payloads become objects that carry their message type. */
  readonly message?: boolean;
  /** Globs; `*` stops at a slash. Default: all topics. */
  readonly topics?: readonly string[];
};

/** What `ReadDirectory` takes besides its path. */
export type DirectoryLimits = ReadLimits & {
  /** Passes over logs without a message type. Default true; false needs `message: false`. */
  readonly ignoreRaw?: boolean;
};

/** What this module's readers tell the reader thread, so that it reads for them. */
export type OpenReader = {
  readonly plan: ReaderPlan;
  readonly source: LogSource;
  /** How often something was taken since the beginning: the thread passes over as much. */
  taken: number;
};

const openReaders = new WeakMap<LogReader, OpenReader>();

export const rememberReader = (reader: LogReader, open: OpenReader): void => {
  openReaders.set(reader, open);
};

/** Undefined for readers of other makes. */
export const openReaderOf = (reader: LogReader): OpenReader | undefined => openReaders.get(reader);
