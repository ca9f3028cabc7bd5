import type { TargetCounts } from "../../plugins/plugin.ts";

/** Counts that stand nowhere else in the figures, by the words of the summary. */
export const besidesOf = (counts: TargetCounts): Record<string, number> => ({
  "connections opened": counts.connectionsOpened,
  redirects: counts.redirects,
  "origins of redirects closed, too many at once": counts.originsForgotten,
  "sent again on a fresh connection": counts.resent,
  "token requests": counts.tokenRequests,
  "token milliseconds": Math.round(counts.tokenNanos / 1e6),
});
