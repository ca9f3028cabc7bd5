import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { LogIOError, systemError } from "./log-io-error.ts";

/** One log: its file, or its splits in their order. `name` is the file name without number and extension. */
export type LogGroup = { readonly name: string; readonly files: readonly string[] };

const EXTENSION = ".log";
const SPLIT = /^(.+)_(\d{3,})$/;

/** `_000` … `_999`, `_1000`. */
export const splitSuffix = (number: number): string => `_${String(number).padStart(3, "0")}`;

/** The file of that path; else the splits `_000`, `_001`, … of that prefix, until a number is missing. */
export function filesOf(pathOrPrefix: string): LogGroup {
  const stats = statSync(pathOrPrefix, { throwIfNoEntry: false });
  if (stats?.isDirectory()) {
    throw new LogIOError("EISDIR", `${pathOrPrefix}: is a directory`, { file: pathOrPrefix });
  }
  if (stats !== undefined) return { name: pathOrPrefix, files: [pathOrPrefix] };
  const files: string[] = [];
  for (let number = 0; ; number++) {
    const file = `${pathOrPrefix}${splitSuffix(number)}${EXTENSION}`;
    if (!existsSync(file)) break;
    files.push(file);
  }
  if (files.length > 0) return { name: pathOrPrefix, files };
  throw new LogIOError(
    "ENOENT",
    `${pathOrPrefix}: no such file, and no ${pathOrPrefix}${splitSuffix(0)}${EXTENSION}`,
    { file: pathOrPrefix },
  );
}

/** The logs of a directory by name. A number at a name's end makes a split only if there is a `_000`. */
export function groupsOf(directory: string): LogGroup[] {
  const stems = entriesOf(directory)
    .filter((name) => name.endsWith(EXTENSION))
    .map((name) => name.slice(0, -EXTENSION.length));
  const groups = new Map<string, { number: number; file: string }[]>();
  const known = new Set(stems);
  for (const stem of stems) {
    const [, prefix = "", digits = ""] = SPLIT.exec(stem) ?? [];
    const isSplit = prefix !== "" && known.has(`${prefix}${splitSuffix(0)}`);
    const name = isSplit ? prefix : stem;
    // A log that is not split may share its name with one that is.
    const key = isSplit ? `${prefix}\0split` : stem;
    const file = join(directory, `${stem}${EXTENSION}`);
    const number = isSplit ? Number(digits) : 0;
    groups.set(key, [...(groups.get(key) ?? []), { number, file }]);
    if (name === "") throw new LogIOError("EFORMAT", `${file}: has no name`, { file });
  }
  return [...groups]
    .map(([key, parts]) => ({
      name: key.replace("\0split", ""),
      files: withoutHoles(parts.toSorted((a, b) => a.number - b.number)),
    }))
    .toSorted((a, b) => byText(`${a.name}${EXTENSION}`, `${b.name}${EXTENSION}`));
}

/** Names in the directory, for notices about what is not read: logs that were not closed. */
export const unfinishedIn = (directory: string): string[] =>
  entriesOf(directory).filter((name) => name.endsWith(".tmp"));

const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** A split behind a missing number belongs to nothing that can be read in order. */
function withoutHoles(parts: readonly { number: number; file: string }[]): string[] {
  parts.forEach(({ number, file }, index) => {
    if (number === index) return;
    throw new LogIOError("ENOENT", `${file}: the split before it, number ${index}, is missing`, {
      file,
    });
  });
  return parts.map(({ file }) => file);
}

function entriesOf(directory: string): string[] {
  try {
    return readdirSync(directory).toSorted(byText);
  } catch (error) {
    throw systemError(error, directory);
  }
}
