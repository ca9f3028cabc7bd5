import { closeSync, fsyncSync, openSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { DrayageError, messageOf } from "../core/errors.ts";

/** Replaces a small file by `text`: whoever reads it, also after a loss of power, finds the old or the new one whole. */
export function writeWhole(path: string, text: string): void {
  const partial = `${path}.partial`;
  try {
    const file = openSync(partial, "w");
    try {
      writeFileSync(file, text);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    publishFile(partial, path);
  } catch (error) {
    throw new DrayageError("storage", `cannot write ${path}: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

/** Gives a complete file its name, so that it lasts. The file itself was synced by its writer. */
export function publishFile(partial: string, path: string): void {
  renameSync(partial, path);
  const directory = openSync(dirname(path), "r");
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}
