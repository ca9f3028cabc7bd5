import type { RegistryFlight } from "./flight.ts";

/** The requests that an operation consists of. Stateless: what a flight has reached stands in `flight.step`. */
export interface Script {
  begin(flight: RegistryFlight): void;
  /** A response is complete, redirects and challenges are behind it: send the next request, succeed or fail. */
  answered(flight: RegistryFlight): void;
}
