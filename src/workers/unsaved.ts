import type { PullThreadEnd, Unsaved } from "./pull-messages.ts";

/** What the threads together did not save; null where there is nothing. */
export function allUnsaved(ends: readonly Pick<PullThreadEnd, "unsaved">[]): Unsaved | null {
  const found = ends.flatMap(({ unsaved }) => (unsaved === null ? [] : [unsaved]));
  const [first] = found;
  if (first === undefined) return null;
  return { count: found.reduce((sum, { count }) => sum + count, 0), why: first.why };
}
