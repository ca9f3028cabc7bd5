import { UsageError } from "../../core/errors.ts";

/** What has to be the same for a run to be carried on, by names that the user knows. Plain data. */
export type RunDescription = Readonly<Record<string, unknown>>;

/** Throws UsageError that names what is different. */
export function requireSame(there: RunDescription, here: RunDescription): void {
  const different = Object.keys(here).filter(
    (name) => JSON.stringify(here[name]) !== JSON.stringify(there[name]),
  );
  if (different.length === 0) return;
  throw new UsageError(
    `this is not the run that was begun: ${different.join(", ")} ${different.length === 1 ? "is" : "are"} different; give the configuration and files that it was started with`,
  );
}
