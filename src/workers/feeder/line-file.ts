import { closeSync, openSync, writeSync } from "node:fs";
import { DrayageError, messageOf, UsageError } from "../../core/errors.ts";
import { TextBuffer } from "../collector/text-buffer.ts";

const FLUSH_BYTES = 256 * 1024;
const LINE_BYTES_MAX = 1024;

/** A file of lines written by a thread that may block: the plan, the skipped records. Bytes only, no string per line. */
export class LineFile {
  readonly path: string;
  readonly text = new TextBuffer(2 * FLUSH_BYTES);
  lines = 0;
  readonly #file: number;

  constructor(path: string) {
    this.path = path;
    try {
      this.#file = openSync(path, "w");
    } catch (error) {
      throw new UsageError(`cannot write ${path}: ${messageOf(error)}`, { cause: error });
    }
  }

  /** Call before a line of at most 1 KiB and `more` bytes is written into `text`. */
  beginLine(more: number): void {
    this.text.reserve(LINE_BYTES_MAX + more);
    this.lines++;
  }

  endLine(): void {
    if (this.text.length >= FLUSH_BYTES) this.flush();
  }

  flush(): void {
    try {
      for (let at = 0; at < this.text.length; ) {
        at += writeSync(this.#file, this.text.bytes, at, this.text.length - at);
      }
    } catch (error) {
      throw new DrayageError("storage", `cannot write ${this.path}: ${messageOf(error)}`, {
        cause: error,
      });
    }
    this.text.clear();
  }

  close(): void {
    this.flush();
    closeSync(this.#file);
  }
}
