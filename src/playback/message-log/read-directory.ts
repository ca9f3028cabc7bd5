import { LogCursor } from "./log-cursor.ts";
import { groupsOf } from "./log-files.ts";
import { formatTime, type LogHeader } from "./log-header.ts";
import { LogIOError, malformed } from "./log-io-error.ts";
import type { LogItem, LogReader } from "./log-item.ts";
import { LogSource } from "./log-source.ts";
import { type LogWindow, logWindow } from "./log-window.ts";
import { checkMessage, checkPath, rawAsMessages, readItem } from "./read-file.ts";
import { type DirectoryLimits, type OpenReader, rememberReader } from "./reader-plan.ts";
import { topicFilter } from "./topic-glob.ts";

/**
 * Reads all `*.log` files of a directory as one stream: by elapsed time, then file name, then line. Splits are joined.
 *
 * Throws what `ReadFile` throws, a RangeError for logs with different time origins, and a TypeError for raw logs that are
 * neither ignored nor read with `message: false`.
 */
export class ReadDirectory implements LogReader {
  readonly message: boolean;
  readonly #window: LogWindow;
  readonly #cursors: readonly LogCursor[];
  readonly #rawLogs: readonly string[];
  readonly #open: OpenReader;

  constructor(directory: string, limits: DirectoryLimits = {}) {
    checkPath(directory);
    checkMessage(limits.message);
    this.message = limits.message ?? false;
    this.#window = logWindow(limits);
    const cursors = openLogs(directory, this.#window, topicFilter(limits.topics));
    checkOrigins(cursors);
    const raw = cursors.filter(({ header }) => header?.type === null);
    this.#rawLogs = raw.map(({ name }) => name);
    const ignoreRaw = limits.ignoreRaw ?? true;
    if (!ignoreRaw && raw.length > 0 && limits.message !== false) throw rawAsMessages(directory);
    this.#cursors = ignoreRaw ? cursors.filter((cursor) => !raw.includes(cursor)) : cursors;
    this.#open = {
      plan: { kind: "directory", path: directory, limits },
      source: new LogSource(this.#cursors),
      taken: 0,
    };
    rememberReader(this, this.#open);
  }

  /** Of the first log that is read, by name; its time origin is that of all. Null if none is read. */
  get header(): LogHeader | null {
    return this.#cursors[0]?.header ?? null;
  }

  get minTime(): number | null {
    return this.#window.minTime;
  }

  get maxTime(): number | null {
    return this.#window.maxTime;
  }

  /** The names in the headers of what is read; raw logs have none. */
  get messageTypes(): readonly string[] {
    const types = this.#cursors.map(({ header }) => header?.type);
    return [...new Set(types.filter((type) => typeof type === "string"))];
  }

  /** Names of the logs without message type, read or not. */
  get rawLogs(): readonly string[] {
    return this.#rawLogs;
  }

  /** The next item, null at the end. Throws a LogIOError `EFORMAT` for a line that is none; the next call goes on behind it. */
  read(): LogItem | null {
    return readItem(this.#open, this.message);
  }

  isDataPending(): boolean {
    return this.#open.source.isPending();
  }

  reset(): void {
    this.#open.taken = 0;
    this.#open.source.rewind();
  }
}

function openLogs(
  directory: string,
  window: LogWindow,
  wants: ((topic: string) => boolean) | undefined,
): LogCursor[] {
  const groups = groupsOf(directory);
  if (groups.length === 0) {
    throw new LogIOError("ENOENT", `${directory}: holds no *.log`, { file: directory });
  }
  return groups.map((group) => {
    const cursor = new LogCursor({ ...group, window, wants });
    if (cursor.header !== null) return cursor;
    throw malformed("has no header", { file: group.files[0] ?? directory });
  });
}

function checkOrigins(cursors: readonly LogCursor[]): void {
  const [first] = cursors;
  for (const cursor of cursors) {
    const [a, b] = [first?.header?.timeOrigin, cursor.header?.timeOrigin];
    if (a === undefined || b === undefined || a === b) continue;
    throw new RangeError(
      `inconsistent header blocks: ${first?.file} was created ${formatTime(a)}, ${cursor.file} ${formatTime(b)}`,
    );
  }
}
