import { closeSync, openSync, writeFileSync, writeSync } from "node:fs";

/**
 * The skipped file as nodes that read traces themselves tell it. It is open from the beginning: when another master takes its
 * name, lines that come to this one all the same are not in the other one's file.
 */
export class SkippedLines {
  readonly #file: number | undefined;

  /** Undefined: nobody wants them. */
  constructor(path: string | undefined) {
    if (path === undefined) return;
    writeFileSync(path, "");
    // What a lost node would have told is written by its name.
    this.#file = openSync(path, "a");
  }

  add(lines: Uint8Array): void {
    if (this.#file !== undefined) writeSync(this.#file, lines);
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file);
  }
}
