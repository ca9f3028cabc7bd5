import { statSync } from "node:fs";
import { UsageError } from "../../core/errors.ts";
import { traceFiles } from "../../trace/trace-files.ts";
import type { ReplayConfig } from "../config/replay-config.ts";

/** Paths by what the user calls them; undefined where nothing is named. */
type NamedPaths = Readonly<Record<string, string | undefined>>;

/**
 * Throws UsageError where something that will be written is something that is read: a trace, or what `read` names. A glob may well
 * match the results of the run before.
 */
export function requireApart(
  { trace }: Pick<ReplayConfig, "trace">,
  { read = {}, written }: { readonly read?: NamedPaths; readonly written: NamedPaths },
): void {
  const inputs = new Map<string, string>();
  for (const file of traceFiles({ location: trace.location, traces: trace.traces }))
    inputs.set(fileId(file) ?? file, "one of the traces");
  for (const [name, path] of Object.entries(read))
    if (path !== undefined) inputs.set(fileId(path) ?? path, name);
  const mistakes = Object.entries(written).flatMap(([name, path]) => {
    const taken = path === undefined ? undefined : inputs.get(fileId(path) ?? path);
    return taken === undefined
      ? []
      : [`${name}: ${path} is ${taken}, which would be lost: name another file`];
  });
  if (mistakes.length > 0) throw new UsageError(mistakes);
}

/** The same for all names of a file; undefined where there is none, and for devices, which nothing can take the place of. */
function fileId(path: string): string | undefined {
  const found = statSync(path, { throwIfNoEntry: false, bigint: true });
  return found?.isFile() === true ? `${found.dev}:${found.ino}` : undefined;
}
