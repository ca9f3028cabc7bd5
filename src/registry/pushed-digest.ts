import { Failure } from "../core/failure.ts";
import type { RegistryFlight } from "./flight.ts";

/** Of the object that a push is about. */
export const digestOf = (flight: RegistryFlight): string =>
  `sha256:${flight.order.digest.toString("hex")}`;

/** Whether the registry says, if it says anything, that it stored what was sent; fails the flight otherwise. */
export function storedAsSent(flight: RegistryFlight): boolean {
  if (flight.contentDigest === "" || flight.contentDigest === digestOf(flight)) return true;
  flight.fail(
    Failure.digest_mismatch,
    `the registry stored ${flight.contentDigest} where ${digestOf(flight)} was sent`,
  );
  return false;
}
