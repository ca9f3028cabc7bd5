// The embedded registry for a program: in a thread of its own, so that whoever asks it in this process does not wait for it.
import { registryOptions, serve as serveCommand } from "../cli/serve.ts";
import { millis } from "../core/units.ts";
import type { EmbeddedRegistry } from "../embedded/embedded-registry.ts";
import { startEmbeddedRegistryThread } from "../embedded/registry-thread.ts";
import { optionsOf, type PlanOf, planOf } from "./plan.ts";

/** `layout` writes files and serves nothing: it is for people. */
export type ServePlan = Omit<PlanOf<typeof serveCommand>, "layout">;

export type Served = Omit<EmbeddedRegistry, "close"> & {
  /** When the requests under way have ended, or are cut off after so many milliseconds (5,000). Idempotent. */
  close(graceMs?: number): Promise<void>;
};

/**
 * Starts it, on a free port unless `listen` says where. Rejects with a UsageError for a plan that cannot be carried out. `env`:
 * where names of variables are looked up.
 */
export async function serve(plan: ServePlan = {}, env = process.env): Promise<Served> {
  const given = await optionsOf(serveCommand, { listen: "127.0.0.1:0", ...planOf(plan) });
  const registry = await startEmbeddedRegistryThread(registryOptions(given, env));
  return {
    ...registry,
    close: (graceMs) => registry.close(graceMs === undefined ? undefined : millis(graceMs)),
  };
}
