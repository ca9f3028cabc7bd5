import { statSync } from "node:fs";
import { UsageError } from "../../core/errors.ts";

/** Throws a UsageError where the output would take the place of what is read. */
export function refuseOwnInput(inputs: readonly string[], output: string): void {
  const own = output === "-" ? undefined : statSync(output, { throwIfNoEntry: false });
  if (own === undefined) return;
  const same = inputs.find((path) => {
    const found = statSync(path, { throwIfNoEntry: false });
    return found?.ino === own.ino && found.dev === own.dev;
  });
  if (same !== undefined)
    throw new UsageError(`${output} is the input ${same} itself: name another file with -o`);
}
