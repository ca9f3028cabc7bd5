import { closeSync, openSync, writeSync } from "node:fs";
import { DrayageError, messageOf } from "../core/errors.ts";

/**
 * A file that grows once a second. Writes at once and blocks for it, so a killed process has left whole lines up to the
 * last second, and nothing can pile up behind a slow disk. Throws DrayageError `storage`.
 */
export class AppendFile {
  readonly #path: string;
  readonly #descriptor: number;

  constructor(path: string) {
    this.#path = path;
    this.#descriptor = this.#attempt(() => openSync(path, "ax"));
  }

  write(text: string): void {
    this.writeBytes(Buffer.from(text));
  }

  writeBytes(bytes: Uint8Array): void {
    this.#attempt(() => {
      for (let at = 0; at < bytes.length; ) at += writeSync(this.#descriptor, bytes, at);
    });
  }

  close(): void {
    this.#attempt(() => closeSync(this.#descriptor));
  }

  #attempt<Result>(action: () => Result): Result {
    try {
      return action();
    } catch (error) {
      const message = `cannot write ${this.#path}: ${messageOf(error)}`;
      throw new DrayageError("storage", message, { cause: error });
    }
  }
}
