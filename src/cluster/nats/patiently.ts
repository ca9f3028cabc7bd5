import { setTimeout as delay } from "node:timers/promises";

/** Between two attempts. */
const AGAIN_MS = 250;

/**
 * Tries again until it succeeds or the time is over, whatever it fails of, and throws what the last attempt failed of. `given`:
 * false for failures that trying again would not help. For requests to servers of which some may be away.
 */
export async function patiently<T>(
  waitMs: number,
  attempt: () => Promise<T>,
  { worth = () => true }: { readonly worth?: (error: unknown) => boolean } = {},
): Promise<T> {
  const until = performance.now() + waitMs;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (performance.now() >= until || !worth(error)) throw error;
    }
    await delay(AGAIN_MS);
  }
}
