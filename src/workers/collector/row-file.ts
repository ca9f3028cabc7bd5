import {
  constants,
  createWriteStream,
  fstatSync,
  ftruncateSync,
  openSync,
  type WriteStream,
} from "node:fs";
import { pipeline, type Writable } from "node:stream";
import { finished } from "node:stream/promises";
import { createGzip, createZstdCompress } from "node:zlib";
import { DrayageError, messageOf, UsageError } from "../../core/errors.ts";
import { TextBuffer } from "./text-buffer.ts";

/** Bytes collected before they go to the file: large enough that the write itself does not count. */
const FLUSH_BYTES = 256 * 1024;
const BUFFER_BYTES = 2 * FLUSH_BYTES;
/** Bytes on their way to the disk or through a compressor; beyond it the owner holds back. */
const UNWRITTEN_BYTES_MAX = 8 * 1024 * 1024;

const OPEN = Buffer.from("[\n");
const NEXT = Buffer.from(",\n");
const NEW_LINE = Buffer.from("\n");
const CLOSE = Buffer.from("\n]\n");

/**
 * A file of JSON rows that is written as a stream: one JSON array with a row a line, or, by its name, NDJSON
 * (`.ndjson`), compressed (`.gz`, `.zst`). Memory stays flat; a file closed in any state is valid. What an earlier run left
 * in it stays until the first rows are written, or until it is closed without any.
 *
 * A file that cannot be opened is a UsageError at once. Later errors of the disk throw a DrayageError `storage` from
 * `endRows` and from `close`.
 */
export class RowFile {
  readonly path: string;
  readonly text = new TextBuffer(BUFFER_BYTES);
  rows = 0;
  #failure: Error | undefined;
  #closed: Promise<void> | undefined;
  readonly #file: WriteStream;
  readonly #stream: Writable;
  readonly #array: boolean;
  /** Buffers whose rows are written. With those under way they are as many as `UNWRITTEN_BYTES_MAX` allows. */
  readonly #spare: Buffer[] = [];

  readonly #descriptor: number;
  /** Bytes of an earlier run that are still in the file. */
  #earlier: number;

  constructor(path: string) {
    this.path = path;
    this.#descriptor = openForWriting(path);
    this.#earlier = bytesIn(this.#descriptor);
    this.#file = createWriteStream(path, { fd: this.#descriptor });
    this.#array = !/\.ndjson(\.gz|\.zst)?$/.test(path);
    this.#stream = compressorOf(path, this.#file);
    for (const stream of new Set<Writable>([this.#file, this.#stream])) {
      stream.on("error", (error) => {
        this.#failure ??= error;
      });
    }
    if (this.#array) this.text.piece(OPEN);
  }

  /** False while so much is unwritten that the caller should hold rows back. A file that failed takes rows to say so. */
  get hasRoom(): boolean {
    if (this.#failure !== undefined) return true;
    return this.#stream.writableLength + this.#file.writableLength < UNWRITTEN_BYTES_MAX;
  }

  /** Call before each row is written into `text`. */
  beginRow(): void {
    if (this.text.length >= FLUSH_BYTES) this.#flush();
    if (this.rows++ > 0) this.text.piece(this.#array ? NEXT : NEW_LINE);
  }

  /** Call after rows were written: hands full buffers on. */
  endRows(): void {
    this.#throwFailure();
    if (this.text.length >= FLUSH_BYTES) this.#flush();
  }

  /** Hands on what there is, however little: a run that is killed keeps what was flushed. */
  flush(): void {
    if (this.rows > 0 && this.text.length > 0) this.#flush();
  }

  #flush(): void {
    this.#empty();
    // The stream keeps the bytes until they are written, and rows go on at once: hence another buffer.
    const { bytes } = this.text;
    const rows = this.text.exchange(this.#spare.pop() ?? Buffer.allocUnsafeSlow(BUFFER_BYTES));
    this.#stream.write(rows, () => this.#spare.push(bytes));
  }

  #empty(): void {
    if (this.#earlier === 0) return;
    this.#earlier = 0;
    try {
      ftruncateSync(this.#descriptor, 0);
    } catch (error) {
      this.#failure ??= error as Error;
    }
  }

  /** For a run that came to nothing: closes the file, and leaves what an earlier run wrote if there is no row to replace it. */
  async leave(): Promise<void> {
    if (this.#closed === undefined && this.rows === 0 && this.#earlier > 0) {
      this.#stream.destroy();
      this.#file.destroy();
      this.#closed = finished(this.#file).catch(() => {});
    }
    await this.close();
  }

  /** Idempotent. */
  close(): Promise<void> {
    this.#closed ??= this.#finish();
    return this.#closed;
  }

  async #finish(): Promise<void> {
    this.text.reserve(CLOSE.length);
    if (this.#array) this.text.piece(CLOSE);
    else if (this.rows > 0) this.text.piece(NEW_LINE);
    this.#empty();
    if (this.text.length > 0) this.#flush();
    this.#stream.end();
    await finished(this.#file).catch((error: Error) => {
      this.#failure ??= error;
    });
    this.#throwFailure();
  }

  #throwFailure(): void {
    if (this.#failure === undefined) return;
    const what = `cannot write ${this.path}: ${this.#failure.message}`;
    throw new DrayageError("storage", `${what}; free space or name another file`);
  }
}

function openForWriting(path: string): number {
  try {
    return openSync(path, constants.O_WRONLY | constants.O_CREAT, 0o666);
  } catch (error) {
    throw new UsageError(`cannot write ${path}: ${messageOf(error)}`);
  }
}

/** A device or a pipe holds nothing that could be kept. */
function bytesIn(descriptor: number): number {
  const stats = fstatSync(descriptor);
  return stats.isFile() ? stats.size : 0;
}

/** Whatever fails of the two ends the other as well: nobody waits for it. */
function compressorOf(path: string, file: WriteStream): Writable {
  if (!/\.(gz|zst)$/.test(path)) return file;
  const compressor = path.endsWith(".gz") ? createGzip() : createZstdCompress();
  pipeline(compressor, file, () => {});
  return compressor;
}
