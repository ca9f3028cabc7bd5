import type { RegistryFlight } from "./flight.ts";

/** Steps of a push, in the order of ring/outcome-record.ts `steps`. A manifest has the first and the last of them. */
export const Step = { check: 0, mount: 1, open: 2, send: 3 } as const;

/** The requests that an operation consists of. Stateless: what a flight has reached stands in `flight.step`. */
export interface Script {
  begin(flight: RegistryFlight): void;
  /** A response is complete, redirects and challenges are behind it: send the next request, succeed or fail. */
  answered(flight: RegistryFlight): void;
}
