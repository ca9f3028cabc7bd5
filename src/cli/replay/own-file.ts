import { closeSync, fstatSync, openSync, rmSync, statSync, writeSync } from "node:fs";
import { DrayageError, messageOf } from "../../core/errors.ts";

/**
 * A file of lines that are few. It takes its name at once: a process that is only frozen and wakes up goes on writing into a file
 * without a name when another one has taken it, and never into that of the other one. One that stays empty is removed.
 */
export class OwnFile {
  readonly #path: string;
  readonly #file: number;
  #isOpen = true;

  /** Throws DrayageError `storage`. */
  constructor(path: string) {
    this.#path = path;
    this.#file = guarded(path, () => {
      rmSync(path, { force: true });
      return openSync(path, "wx");
    });
  }

  /** Throws DrayageError `storage`. */
  append(text: string): void {
    guarded(this.#path, () => writeSync(this.#file, text));
  }

  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    const own = fstatSync(this.#file);
    closeSync(this.#file);
    const named = statSync(this.#path, { throwIfNoEntry: false });
    if (own.size === 0 && named?.ino === own.ino) rmSync(this.#path);
  }
}

function guarded<T>(path: string, act: () => T): T {
  try {
    return act();
  } catch (error) {
    throw new DrayageError("storage", `${path}: ${messageOf(error)}`);
  }
}
