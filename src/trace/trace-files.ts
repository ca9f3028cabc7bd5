import { globSync, readdirSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { messageOf, UsageError } from "../core/errors.ts";
import { FILES_MAX } from "./layout.ts";

/** Names in a directory that are taken for traces; what they contain is told by their content. */
const TRACE_NAME = /\.((json|ndjson|jsonl|csv|txt)(\.gz|\.zst)?|parquet)$/i;
const GLOB = /[*?[\]{}]/;
const ARCHIVE = "archive:";

type Names = { readonly location: string | undefined; readonly traces: readonly string[] };

/**
 * The files that `trace.location` and `trace.traces` name, in the order that decides ties: as listed; matches of a
 * glob and files of a directory by name. A file that is named twice is read twice. All mistakes are reported at once.
 */
export function traceFiles({ location, traces }: Names): string[] {
  const mistakes: string[] = [];
  const files: string[] = [];
  for (const name of traces) {
    const found = filesOf(name, resolve(location ?? "."));
    if (typeof found === "string") mistakes.push(found);
    else for (const file of found) files.push(file);
  }
  if (traces.length === 0) mistakes.push("trace.traces names no file");
  if (files.length > FILES_MAX) mistakes.push(`${files.length} traces; at most ${FILES_MAX}`);
  if (mistakes.length > 0) throw new UsageError(mistakes);
  return files;
}

/** The files behind one name, or what is wrong with it. */
function filesOf(name: string, location: string): string[] | string {
  if (name.startsWith(ARCHIVE))
    return `${name}: this command reads no archives; drayage archive export --format trace makes a trace of one`;
  const path = resolve(location, name);
  try {
    return filesAt(name, { path, location });
  } catch (error) {
    return `${path} cannot be read: ${messageOf(error)}`;
  }
}

/** Throws what the system says of folders and links that it does not let us follow. */
function filesAt(
  name: string,
  { path, location }: { readonly path: string; readonly location: string },
): string[] | string {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat?.isDirectory()) {
    const files = readdirSync(path).filter((file) => TRACE_NAME.test(file));
    if (files.length === 0) return `${path}: no trace in this directory`;
    return files.sort().map((file) => join(path, file));
  }
  if (stat !== undefined) return [path];
  if (!GLOB.test(name)) return `${path}: no such file`;
  // The location is no pattern, whatever stands in it.
  const matches = globSync(name, { cwd: location })
    .map((match) => resolve(location, match))
    .filter((file) => statSync(file).isFile());
  return matches.length === 0 ? `${path}: no file matches` : matches.sort();
}
