import { LogCursor } from "./log-cursor.ts";
import { filesOf } from "./log-files.ts";
import type { LogHeader } from "./log-header.ts";
import type { LogItem, LogReader } from "./log-item.ts";
import { itemOf, LogSource } from "./log-source.ts";
import { type LogWindow, logWindow } from "./log-window.ts";
import { type OpenReader, type ReadLimits, rememberReader } from "./reader-plan.ts";
import { topicFilter } from "./topic-glob.ts";

/**
 * Reads one message log: the file of that path, or the splits of that prefix (`_000`, `_001`, … until a number is missing).
 *
 * Throws a TypeError for limits that are no numbers from 0, a RangeError for a window the wrong way round, a LogIOError for
 * what is missing or has a broken header. A file without header can be read; its payloads are taken for MessagePack.
 */
export class ReadFile implements LogReader {
  readonly message: boolean;
  readonly #window: LogWindow;
  readonly #cursor: LogCursor;
  readonly #open: OpenReader;

  constructor(pathOrPrefix: string, limits: ReadLimits = {}) {
    checkPath(pathOrPrefix);
    checkMessage(limits.message);
    this.message = limits.message ?? false;
    this.#window = logWindow(limits);
    this.#cursor = new LogCursor({
      ...filesOf(pathOrPrefix),
      window: this.#window,
      wants: topicFilter(limits.topics),
    });
    if (this.message && this.#cursor.header?.type === null) throw rawAsMessages(pathOrPrefix);
    this.#open = {
      plan: { kind: "file", path: pathOrPrefix, limits },
      source: new LogSource([this.#cursor]),
      taken: 0,
    };
    rememberReader(this, this.#open);
  }

  /** Null if the file has none. */
  get header(): LogHeader | null {
    return this.#cursor.header;
  }

  get minTime(): number | null {
    return this.#window.minTime;
  }

  get maxTime(): number | null {
    return this.#window.maxTime;
  }

  /** The name in the header, none for a raw log. */
  get messageTypes(): readonly string[] {
    const type = this.#cursor.header?.type ?? null;
    return type === null ? [] : [type];
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

export function readItem(open: OpenReader, message: boolean): LogItem | null {
  open.taken++;
  const record = open.source.next();
  return record === null ? null : itemOf(record, message);
}

export function checkPath(path: unknown): asserts path is string {
  if (typeof path !== "string" || path === "") throw new TypeError("path: must be text");
}

export function checkMessage(message: unknown): void {
  if (message === undefined || typeof message === "boolean") return;
  throw new TypeError("message: must be true or false");
}

export const rawAsMessages = (path: string): TypeError =>
  new TypeError(`${path}: a raw log has no messages: read it with message: false`);
