import { statSync } from "node:fs";

/** A file beside the results, `<output>.<suffix>`; none beside a device or a pipe, such as /dev/null. */
export function sideFile(output: string, suffix: string): string | undefined {
  return isSpecial(output) ? undefined : `${output}.${suffix}`;
}

/** What cannot be looked at is told of by whoever opens it. */
function isSpecial(path: string): boolean {
  try {
    const found = statSync(path, { throwIfNoEntry: false });
    return found !== undefined && !found.isFile() && !found.isDirectory();
  } catch {
    return false;
  }
}
