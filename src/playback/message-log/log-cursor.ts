import { LineReader } from "./line-reader.ts";
import {
  HEADER_LINES_MAX,
  HeaderProblem,
  isBlockLine,
  type LogHeader,
  parseHeader,
} from "./log-header.ts";
import { LINE_TEXT_MAX, type LogIOError, malformed } from "./log-io-error.ts";
import { elapsedOf, payloadOf, topicOf } from "./log-line.ts";
import type { LogWindow } from "./log-window.ts";

const HASH = 0x23;

/** An entry as it stands in a file: the payload is still packed. `type`: null in raw logs, undefined without a header. */
export type LogRecord = {
  readonly elapsed: number;
  readonly topic: string;
  readonly payload: Buffer;
  readonly type: string | null | undefined;
  readonly file: string;
  readonly line: number;
};

/** What comes next: an entry, or the error of a line that is none. `elapsed` orders both. */
export type Turn =
  | { readonly kind: "record"; readonly elapsed: number; readonly record: LogRecord }
  | { readonly kind: "unreadable"; readonly elapsed: number; readonly error: LogIOError };

export type LogCursorOptions = {
  /** One file, or the splits of one log in their order. */
  readonly files: readonly string[];
  /** Orders logs whose entries have the same time. */
  readonly name: string;
  readonly window: LogWindow;
  /** Entries with other topics are passed over. */
  readonly wants?: ((topic: string) => boolean) | undefined;
};

/**
 * The entries of one log in the order of its lines, across its splits, inside the window. One entry is read ahead. A line
 * outside the window is passed over unread; the first one behind it ends the reading.
 */
export class LogCursor {
  readonly name: string;
  readonly #options: LogCursorOptions;
  #header: LogHeader | null = null;
  #lines: LineReader | undefined;
  #file = 0;
  #isAtFileStart = true;
  #ahead: Turn | null | undefined;
  #lastElapsed = 0;

  /** Reads the header of the first file. Throws a LogIOError if that is missing or malformed. */
  constructor(options: LogCursorOptions) {
    this.#options = options;
    this.name = options.name;
    this.rewind();
  }

  /** Path of the first file, which has the header. */
  get file(): string {
    return this.#options.files[0] as string;
  }

  /** Null if the first file has none. */
  get header(): LogHeader | null {
    return this.#header;
  }

  /** What `take` would give; null at the end. */
  peek(): Turn | null {
    if (this.#ahead === undefined) this.#ahead = this.#read();
    return this.#ahead;
  }

  take(): Turn | null {
    const turn = this.peek();
    if (turn !== null) this.#ahead = undefined;
    return turn;
  }

  /** Back to the first entry in the window. */
  rewind(): void {
    this.#file = 0;
    this.#ahead = undefined;
    this.#lastElapsed = 0;
    this.#lines = this.#open();
    const first = this.#lines.next();
    this.#isAtFileStart = false;
    if (first !== undefined && first[0] === HASH) {
      this.#header = readHeader(this.#lines, first);
    } else {
      this.#header = null;
      this.#lines = this.#open();
    }
  }

  #open(): LineReader {
    return new LineReader(this.#options.files[this.#file] as string);
  }

  #read(): Turn | null {
    for (;;) {
      const lines = this.#lines;
      if (lines === undefined) return null;
      try {
        const line = lines.next();
        const turn = line === undefined ? this.#nextFile() : this.#turnOf(lines, line);
        if (turn !== undefined) return turn;
      } catch (error) {
        // In its turn, behind what could be read; there is nothing to go on with.
        this.#lines = undefined;
        return this.#unreadable(error);
      }
    }
  }

  #unreadable(error: unknown): Turn {
    return { kind: "unreadable", elapsed: this.#lastElapsed, error: error as LogIOError };
  }

  #nextFile(): undefined {
    this.#file++;
    this.#isAtFileStart = true;
    this.#lines = this.#file < this.#options.files.length ? this.#open() : undefined;
  }

  /** Undefined for lines that are not for this reader, also for the header that some writers repeat in every split. */
  #turnOf(lines: LineReader, line: Buffer): Turn | undefined {
    const isFirst = this.#isAtFileStart;
    this.#isAtFileStart = false;
    try {
      if (isFirst && line[0] === HASH) {
        readHeader(lines, line);
        return undefined;
      }
      if (line.length === 0) return undefined;
      return this.#recordOf(lines, line);
    } catch (error) {
      return this.#unreadable(error);
    }
  }

  #recordOf(lines: LineReader, line: Buffer): Turn | undefined {
    const { window, wants } = this.#options;
    const complain = (why: string): LogIOError => unreadable(lines, line, why);
    if (lines.isTooLong) throw complain("a line of more than 128 MiB");
    const elapsed = elapsedOf(line);
    if (elapsed === undefined) throw complain("no elapsed time at the beginning of the line");
    if (window.minTime !== null && elapsed.seconds < window.minTime) return undefined;
    if (window.maxTime !== null && elapsed.seconds > window.maxTime) {
      this.#lines = undefined;
      return undefined;
    }
    this.#lastElapsed = elapsed.seconds;
    const topic = topicOf(line, elapsed.end);
    if (typeof topic === "string") throw complain(topic);
    if (wants !== undefined && !wants(topic.topic)) return undefined;
    const payload = payloadOf(line, topic.end);
    if (typeof payload === "string") throw complain(payload);
    return {
      kind: "record",
      elapsed: elapsed.seconds,
      record: {
        elapsed: elapsed.seconds,
        topic: topic.topic,
        payload,
        type: this.#header === null ? undefined : this.#header.type,
        file: lines.path,
        line: lines.line,
      },
    };
  }
}

function unreadable({ path, line }: LineReader, bytes: Buffer, why: string): LogIOError {
  const text = bytes.toString("utf8", 0, 4 * LINE_TEXT_MAX).slice(0, LINE_TEXT_MAX);
  return malformed(why, { file: path, line, text });
}

/** Reads on to the second block line. Throws a LogIOError `EFORMAT`. */
function readHeader(lines: LineReader, first: Buffer): LogHeader {
  const begin = lines.line;
  const texts = [first.toString("utf8")];
  if (!isBlockLine(texts[0] as string))
    throw unreadable(lines, first, "no block line at the beginning of the header");
  while (texts.length === 1 || !isBlockLine(texts.at(-1) as string)) {
    const line = lines.next();
    if (line === undefined || line[0] !== HASH || texts.length === HEADER_LINES_MAX) {
      throw malformed("the header has no block line at its end", {
        file: lines.path,
        line: lines.line,
      });
    }
    texts.push(line.toString("utf8"));
  }
  try {
    return parseHeader(texts);
  } catch (error) {
    if (!(error instanceof HeaderProblem)) throw error;
    throw malformed(error.message, {
      file: lines.path,
      line: begin + error.line,
      text: texts[error.line] ?? "",
    });
  }
}
