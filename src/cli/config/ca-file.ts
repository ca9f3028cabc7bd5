import { X509Certificate } from "node:crypto";
import { messageOf } from "../../core/errors.ts";
import { readSmallFile, type SmallFile } from "./small-file.ts";

const CA_BYTES_MAX = 1 << 20;

/** A certificate authority in PEM form. The problem does not name the file: its path may come from a variable. */
export function readCaFile(path: string): SmallFile {
  const read = readSmallFile(path, CA_BYTES_MAX);
  if (read.problem !== undefined) return read;
  try {
    new X509Certificate(read.text);
    return read;
  } catch (error) {
    return { problem: messageOf(error) };
  }
}
