import type { TraceAccount } from "../../trace/account.ts";

/** What became of the records of a trace, as flat counts: read = kept + folded + filtered + broken. */
export function recordCounts(account: TraceAccount): Record<string, number> {
  const prefixed = (prefix: string, counts: Readonly<Record<string, number | undefined>>) =>
    Object.fromEntries(
      Object.entries(counts).map(([reason, count]) => [`${prefix}:${reason}`, count ?? 0]),
    );
  return {
    read: account.read,
    kept: account.kept,
    folded: account.folded,
    ...prefixed("filtered", account.filtered),
    ...prefixed("broken", account.broken),
    ...prefixed("defaulted", account.defaulted),
  };
}
