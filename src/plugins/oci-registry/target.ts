import type { Clock } from "../../core/clock.ts";
import type { ClientSpec } from "../../registry/client-spec.ts";
import { RegistryFlight } from "../../registry/flight.ts";
import { ThreadClient } from "../../registry/thread-client.ts";
import type { Target } from "../plugin.ts";

/** A container registry, or several of them: GET, HEAD, PUT and PUSH of blobs and manifests. */
export function ociRegistryTarget(spec: ClientSpec, clock: Clock): Target {
  const client = new ThreadClient(spec, clock);
  return {
    name: "oci-registry",
    createFlight: (landing) => {
      const flight: RegistryFlight = new RegistryFlight(client, {
        landed: () => landing.landed(flight),
      });
      return flight;
    },
    open: ({ registries, places, stood }) => client.openAhead(registries, { places, stood }),
    counts() {
      const tokens = client.tokenCounts();
      return {
        ...client.counts,
        connectionsOpened: client.connectionsOpened(),
        originsForgotten: client.originsForgotten(),
        tokenRequests: tokens.requests,
        tokenNanos: tokens.nanos,
      };
    },
    close: () => client.close(),
  };
}
