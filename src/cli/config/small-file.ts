import { readFileSync } from "node:fs";

const reasons: Readonly<Record<string, string>> = {
  ENOENT: "it does not exist",
  EACCES: "it may not be read",
  EISDIR: "it is a directory",
};

export type SmallFile =
  | { readonly text: string; readonly problem?: undefined }
  | { readonly problem: string };

/** A file that a configuration names, of at most `bytesMax`. The problem does not name it: its path may come from a variable. */
export function readSmallFile(path: string, bytesMax: number): SmallFile {
  try {
    const bytes = readFileSync(path);
    if (bytes.length > bytesMax) return { problem: `it is larger than ${bytesMax} bytes` };
    return { text: bytes.toString("utf8") };
  } catch (error) {
    const { code = "" } = error as NodeJS.ErrnoException;
    return { problem: reasons[code] ?? `reading it failed: ${code}` };
  }
}
