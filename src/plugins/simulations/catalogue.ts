// The shipped simulations by the name behind `builtin:`.
import type { TraceKeys } from "../../trace/key-numbers.ts";
import { cacheArguments } from "./cache/cache-arguments.ts";
import { type CacheResult, simulateCache } from "./cache/cache-simulation.ts";
import {
  type PrefetchResult,
  prefetchArguments,
  simulatePrefetch,
} from "./prefetch/prefetch-simulation.ts";
import type { ColumnsContext, SimulationContext } from "./simulation.ts";
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

/** What it wants of the requests, and what runs with that. */
type ShippedSimulation =
  | { readonly reads: "records"; readonly run: (context: SimulationContext) => ShippedResult }
  | {
      readonly reads: "columns";
      readonly keys: TraceKeys;
      readonly run: (context: ColumnsContext) => ShippedResult;
    };

/** Checks the arguments, and gives what runs with them. Throws UsageError. */
export function shipped({ name, args, counterpart }: ShippedPlugin): ShippedSimulation {
  switch (name) {
    case "cache": {
      const read = cacheArguments(args);
      const run = (context: ColumnsContext) => simulateCache(read, context);
      return { reads: "columns", keys: read, run };
    }
    case "two-tier": {
      const read = twoTierArguments(args, { counterpart });
      return { reads: "records", run: (context) => simulateTwoTier(read, context) };
    }
    case "prefetch": {
      const read = prefetchArguments(args, { counterpart });
      return { reads: "records", run: (context) => simulatePrefetch(read, context) };
    }
    default:
      return name satisfies never;
  }
}
