import type { TargetCounts } from "../plugins/plugin.ts";

/** What several threads, or machines, did besides their operations; what a part does not tell is 0. */
export function sumOfCounts(parts: readonly Partial<TargetCounts>[]): TargetCounts {
  const sum = {
    connectionsOpened: 0,
    originsForgotten: 0,
    redirects: 0,
    resent: 0,
    retries: 0,
    tokenRequests: 0,
    tokenNanos: 0,
  };
  for (const key of Object.keys(sum) as (keyof TargetCounts)[])
    for (const part of parts) sum[key] += part[key] ?? 0;
  return sum;
}
