import { closeSync, fsyncSync, openSync, rmSync, writeSync } from "node:fs";
import { DrayageError, messageOf } from "../core/errors.ts";
import { publishFile } from "./whole-file.ts";

const FLUSH_BYTES = 64 * 1024;
/** Quotes, separators, digest. */
const ENTRY_BYTES_MORE = 96;
/** Longest form of a byte: an escape like \u001f. */
const ESCAPED_BYTES_MAX = 6;
const BAD = "bad";

/**
 * Writes a map file as a stream, one entry a line, valid JSON also when empty. The file appears under its name when it is
 * complete and on the disk, and not before: until then it is `<path>.partial`. Blocks its thread while it writes.
 */
export class UriMapWriter {
  readonly #path: string;
  readonly #partial: string;
  readonly #file: number;
  #text = Buffer.allocUnsafe(2 * FLUSH_BYTES);
  #length = 0;
  #entries = 0;

  constructor(path: string) {
    this.#path = path;
    this.#partial = `${path}.partial`;
    this.#file = this.#guarded(() => openSync(this.#partial, "w"));
    this.#append("{");
  }

  get entries(): number {
    return this.#entries;
  }

  /** Adds an entry; the caller takes care that a URI comes once. `digest` has 32 bytes; `undefined` = the push failed. */
  add(uri: Buffer, digest: Buffer | undefined): void {
    this.#reserve(uri.length * ESCAPED_BYTES_MAX + ENTRY_BYTES_MORE);
    this.#append(this.#entries === 0 ? '\n"' : ',\n"');
    this.#appendEscaped(uri);
    this.#append(`": "${digest === undefined ? BAD : `sha256:${digest.toString("hex")}`}"`);
    this.#entries++;
    if (this.#length >= FLUSH_BYTES) this.#flush();
  }

  /** Completes the file. */
  close(): void {
    this.#append(this.#entries === 0 ? "}\n" : "\n}\n");
    this.#flush();
    this.#guarded(() => {
      fsyncSync(this.#file);
      closeSync(this.#file);
      publishFile(this.#partial, this.#path);
    });
  }

  /** Drops what was written; a map that stood under this name before stays as it was. */
  abandon(): void {
    this.#guarded(() => {
      closeSync(this.#file);
      rmSync(this.#partial, { force: true });
    });
  }

  #reserve(more: number): void {
    if (this.#length + more <= this.#text.length) return;
    const larger = Buffer.allocUnsafe(Math.max(2 * this.#text.length, this.#length + more));
    this.#text.copy(larger, 0, 0, this.#length);
    this.#text = larger;
  }

  #append(text: string): void {
    this.#length += this.#text.write(text, this.#length, "latin1");
  }

  // Bytes above 127 go as they are: URIs of traces are UTF-8, and a map must find again what the trace says.
  #appendEscaped(uri: Buffer): void {
    for (const byte of uri) {
      if (byte === 34 || byte === 92) this.#append(`\\${String.fromCharCode(byte)}`);
      else if (byte < 32) this.#append(`\\u${byte.toString(16).padStart(4, "0")}`);
      else this.#text[this.#length++] = byte;
    }
  }

  #flush(): void {
    this.#guarded(() => {
      for (let at = 0; at < this.#length; ) {
        at += writeSync(this.#file, this.#text, at, this.#length - at);
      }
    });
    this.#length = 0;
  }

  #guarded<T>(step: () => T): T {
    try {
      return step();
    } catch (error) {
      throw new DrayageError("storage", `cannot write the map ${this.#path}: ${messageOf(error)}`, {
        cause: error,
      });
    }
  }
}
