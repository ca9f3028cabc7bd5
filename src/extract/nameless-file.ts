import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DrayageError } from "../core/errors.ts";

/**
 * A temporary file that loses its name as soon as it is open: readable by us only, and gone with the process however that
 * ends. Appended to, and read at any position.
 */
export class NamelessFile {
  bytes = 0;
  readonly #descriptor: number;
  #isOpen = true;

  constructor() {
    try {
      const folder = mkdtempSync(join(tmpdir(), "drayage-extract-"));
      this.#descriptor = openSync(join(folder, "spill"), "wx+", 0o600);
      rmSync(folder, { recursive: true });
    } catch (error) {
      throw new DrayageError("storage", `cannot make a temporary file in ${tmpdir()}`, {
        cause: error,
      });
    }
  }

  append(piece: Uint8Array): void {
    this.#requireOpen();
    try {
      for (let at = 0; at < piece.length; ) {
        at += writeSync(this.#descriptor, piece, at, piece.length - at, this.bytes + at);
      }
    } catch (error) {
      const needed = this.bytes + piece.length;
      throw new DrayageError(
        "storage",
        `cannot write a temporary file in ${tmpdir()} (${needed} bytes so far): free space or set TMPDIR`,
        { cause: error },
      );
    }
    this.bytes += piece.length;
  }

  /** Fills `target` from `position` on; returns how much there was. */
  read(target: Uint8Array, position: number): number {
    this.#requireOpen();
    return readFully(this.#descriptor, target, position);
  }

  /** Idempotent. */
  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    closeSync(this.#descriptor);
  }

  /** The descriptor may be another file's by now: what still writes has not heard that the trace was given up. */
  #requireOpen(): void {
    if (!this.#isOpen) throw new DrayageError("interrupted", "a temporary file was given up");
  }
}

/** Fills `target` with what stands from `position` on; returns how much there was. */
export function readFully(descriptor: number, target: Uint8Array, position: number): number {
  let filled = 0;
  while (filled < target.length) {
    const got = readSync(descriptor, target, filled, target.length - filled, position + filled);
    if (got === 0) break;
    filled += got;
  }
  return filled;
}
