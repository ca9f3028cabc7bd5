import type { Clock } from "../core/clock.ts";
import { endpointAuth } from "./authorizer.ts";
import type { EndpointSpec } from "./client-spec.ts";
import { ControlClient } from "./control-client.ts";

/**
 * Asks a registry for `/v2/`, credentials included, before anything starts. `index`: its number in the configuration. Throws a
 * DrayageError (`target-unreachable`, `auth-failed`) that names the entry and the cause.
 */
export async function requireReachable(
  spec: EndpointSpec,
  { index, clock }: { readonly index: number; readonly clock: Clock },
): Promise<void> {
  const endpoint = {
    index,
    url: `${spec.origin}${spec.pathPrefix}`,
    origin: spec.origin,
    hostHeader: spec.style.hostHeader,
    pathPrefix: spec.pathPrefix,
    prefix: spec.namePrefix,
    auth: endpointAuth(spec.auth),
    ca: spec.ca,
    insecure: spec.insecure,
  };
  const client = new ControlClient({ endpoint, clock, userAgent: spec.style.userAgent });
  try {
    await client.requireReachable();
  } finally {
    await client.close();
  }
}
