import { closeSync, openSync, readSync } from "node:fs";
import { systemError } from "./log-io-error.ts";

/** Bytes read at once. Between reads the file is closed, so a directory of many logs holds no descriptors. */
const CHUNK_BYTES = 64 * 1024;
/** The longest line that is kept: the payload of the largest item (64 MiB), twice as hexadecimal text, and its columns. */
const LINE_BYTES_MAX = 2 * 64 * 1024 * 1024 + CHUNK_BYTES;
const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;

/** Lines of a file, one after the other, read when they are asked for. Throws a LogIOError where the system refuses. */
export class LineReader {
  readonly path: string;
  /** Number of the line that `next` gave last, from 1. */
  line = 0;
  /** Whether that line ended with a line feed; the last one of a file that is being written may not. */
  isComplete = true;
  /** Whether that line was longer than `LINE_BYTES_MAX`; what `next` gave is its beginning. */
  isTooLong = false;
  /** Offset in the file behind that line. */
  offset = 0;
  #chunk: Buffer = Buffer.alloc(0);
  #at = 0;
  #nextChunkAt = 0;

  constructor(path: string) {
    this.path = path;
  }

  /** The next line without its end; undefined at the end of the file. Its bytes stay as they are. */
  next(): Buffer | undefined {
    const whole = this.#wholeLine();
    if (whole !== undefined) return whole;
    this.isTooLong = false;
    this.isComplete = false;
    const begin = this.offset;
    const pieces: Buffer[] = [];
    while (!this.isComplete && (this.#at < this.#chunk.length || this.#fill())) {
      const piece = this.#piece();
      this.isTooLong ||= this.offset - begin > LINE_BYTES_MAX;
      if (!this.isTooLong) pieces.push(piece);
    }
    return this.offset === begin ? undefined : this.#finish(pieces);
  }

  /** A line that lies in the chunk from end to end, as nearly all do. */
  #wholeLine(): Buffer | undefined {
    const from = this.#at;
    const feed = this.#chunk.indexOf(LINE_FEED, from);
    if (feed === -1) return undefined;
    this.isTooLong = false;
    this.isComplete = true;
    this.line++;
    this.#at = feed + 1;
    this.offset += this.#at - from;
    return this.#chunk.subarray(
      from,
      this.#chunk[feed - 1] === CARRIAGE_RETURN && feed > from ? feed - 1 : feed,
    );
  }

  /** What the chunk has of the line. */
  #piece(): Buffer {
    const from = this.#at;
    const feed = this.#chunk.indexOf(LINE_FEED, from);
    this.isComplete = feed !== -1;
    const end = this.isComplete ? feed : this.#chunk.length;
    this.#at = this.isComplete ? feed + 1 : end;
    this.offset += this.#at - from;
    return this.#chunk.subarray(from, end);
  }

  #finish(pieces: readonly Buffer[]): Buffer {
    this.line++;
    const line = pieces.length === 1 ? (pieces[0] as Buffer) : Buffer.concat(pieces);
    return line.at(-1) === CARRIAGE_RETURN ? line.subarray(0, -1) : line;
  }

  /** A new buffer each time: lines that were given out point into the old one. */
  #fill(): boolean {
    const chunk = Buffer.allocUnsafeSlow(CHUNK_BYTES);
    const got = readAt(this.path, chunk, this.#nextChunkAt);
    this.#chunk = chunk.subarray(0, got);
    this.#at = 0;
    this.#nextChunkAt += got;
    return got > 0;
  }
}

function readAt(path: string, into: Buffer, position: number): number {
  try {
    const file = openSync(path, "r");
    try {
      return readSync(file, into, 0, into.length, position);
    } finally {
      closeSync(file);
    }
  } catch (error) {
    throw systemError(error, path);
  }
}
