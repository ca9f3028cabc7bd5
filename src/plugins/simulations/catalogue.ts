// The shipped simulations by the name behind `builtin:`.
import { cacheArguments } from "./cache/cache-arguments.ts";
import { type CacheResult, simulateCache } from "./cache/cache-simulation.ts";
import {
  type PrefetchResult,
  prefetchArguments,
  simulatePrefetch,
} from "./prefetch/prefetch-simulation.ts";
import type { SimulationContext } from "./simulation.ts";
import {
  simulateTwoTier,
  type TwoTierResult,
  twoTierArguments,
} from "./two-tier/two-tier-simulation.ts";

type GivenArguments = Readonly<Record<string, unknown>> | undefined;

export type ShippedResult = CacheResult | TwoTierResult | PrefetchResult;

/** `counterpart`: it runs in the place of the original's plug-in, whose name was given. */
export type ShippedPlugin = {
  readonly name: ShippedName;
  readonly args: GivenArguments;
  readonly counterpart: boolean;
};

export const shippedNames = ["cache", "two-tier", "prefetch"] as const;
export type ShippedName = (typeof shippedNames)[number];

/** Files of the original, and what stands in for them. */
export const counterparts: ReadonlyMap<string, ShippedName> = new Map([
  ["cache.py", "two-tier"],
  ["prefetch.py", "prefetch"],
]);

/** Checks the arguments, and gives what runs with them. Throws UsageError. */
export function shipped({
  name,
  args,
  counterpart,
}: ShippedPlugin): (context: SimulationContext) => ShippedResult {
  switch (name) {
    case "cache": {
      const read = cacheArguments(args);
      return (context) => simulateCache(read, context);
    }
    case "two-tier": {
      const read = twoTierArguments(args, { counterpart });
      return (context) => simulateTwoTier(read, context);
    }
    case "prefetch": {
      const read = prefetchArguments(args, { counterpart });
      return (context) => simulatePrefetch(read, context);
    }
    default:
      return name satisfies never;
  }
}
