import { takeOrigin, threadClock } from "../../core/clock.ts";
import { requireReachable } from "../../registry/reachable.ts";
import type { ReplayConfig } from "../config/replay-config.ts";
import { endpointSpec } from "./client-plan.ts";

/**
 * Asks these registries of the configuration, by index, for `/v2/`, credentials included, before anything starts. Warns of
 * those whose certificates are not verified. Throws a DrayageError (`target-unreachable`, `auth-failed`) that names the
 * entry and the cause.
 */
export async function checkRegistries(
  config: ReplayConfig,
  indices: Iterable<number>,
  warn: (line: string) => void,
): Promise<void> {
  const clock = threadClock(takeOrigin());
  await Promise.all(
    Array.from(indices, async (index) => {
      const entry = config.registry[index] as ReplayConfig["registry"][number];
      const spec = endpointSpec(entry, config.run.keepAlive);
      if (spec.insecure) warn(`warning: certificates of ${spec.origin} are not verified`);
      await requireReachable(spec, { index, clock });
    }),
  );
}
