import { createWriteStream, type WriteStream } from "node:fs";
import type { Writable } from "node:stream";
import { finished } from "node:stream/promises";
import { createGzip, createZstdCompress } from "node:zlib";
import { DrayageError, messageOf } from "../../core/errors.ts";
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
 * (`.ndjson`), compressed (`.gz`, `.zst`). Memory stays flat; a file closed in any state is valid.
 *
 * Errors of the disk do not throw where rows are added: `failure` holds the first one, and `close` throws it
 * as a DrayageError with code `storage`.
 */
export class RowFile {
  readonly path: string;
  readonly text = new TextBuffer(BUFFER_BYTES);
  rows = 0;
  failure: Error | undefined;
  readonly #file: WriteStream;
  readonly #stream: Writable;
  readonly #array: boolean;
  /** Buffers whose rows are written. With those under way they are as many as `UNWRITTEN_BYTES_MAX` allows. */
  readonly #spare: Buffer[] = [];

  constructor(path: string) {
    this.path = path;
    this.#file = createWriteStream(path);
    this.#array = !/\.ndjson(\.gz|\.zst)?$/.test(path);
    this.#stream = compressorOf(path, this.#file);
    for (const stream of new Set<Writable>([this.#file, this.#stream])) {
      stream.on("error", (error) => {
        this.failure ??= error;
      });
    }
    if (this.#array) this.text.piece(OPEN);
  }

  /** False while so much is unwritten that the caller should hold rows back. */
  get hasRoom(): boolean {
    return this.#stream.writableLength + this.#file.writableLength < UNWRITTEN_BYTES_MAX;
  }

  /** Call before each row is written into `text`. */
  beginRow(): void {
    if (this.text.length >= FLUSH_BYTES) this.#flush();
    if (this.rows++ > 0) this.text.piece(this.#array ? NEXT : NEW_LINE);
  }

  /** Call after rows were written: hands full buffers on. */
  endRows(): void {
    if (this.text.length >= FLUSH_BYTES) this.#flush();
  }

  /** Hands on what there is, however little: a run that is killed keeps what was flushed. */
  flush(): void {
    if (this.text.length > 0) this.#flush();
  }

  #flush(): void {
    // The stream keeps the bytes until they are written, and rows go on at once: hence another buffer.
    const { bytes } = this.text;
    const rows = this.text.exchange(this.#spare.pop() ?? Buffer.allocUnsafeSlow(BUFFER_BYTES));
    this.#stream.write(rows, () => this.#spare.push(bytes));
  }

  async close(): Promise<void> {
    this.text.reserve(CLOSE.length);
    if (this.#array) this.text.piece(CLOSE);
    else if (this.rows > 0) this.text.piece(NEW_LINE);
    this.flush();
    this.#stream.end();
    await finished(this.#file).catch((error: Error) => {
      this.failure ??= error;
    });
    if (this.failure !== undefined) {
      throw new DrayageError(
        "storage",
        `cannot write ${this.path}: ${messageOf(this.failure)}; free space or name another file`,
        { cause: this.failure },
      );
    }
  }
}

function compressorOf(path: string, file: WriteStream): Writable {
  if (!/\.(gz|zst)$/.test(path)) return file;
  const compressor = path.endsWith(".gz") ? createGzip() : createZstdCompress();
  compressor.pipe(file);
  return compressor;
}
