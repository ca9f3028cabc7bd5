import { Failure } from "../core/failure.ts";
import type { RegistryFlight, Sent } from "./flight.ts";
import { resolveLocation, shownLocation } from "./location.ts";
import { methodOfHead, movedHead } from "./request-head.ts";

/** trace-replay.md 5.1 allows a GET this many hops. */
const REDIRECTS_MAX = 5;
const redirectCodes: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/** 307 and 308 alone leave no doubt that a body is to be sent again. */
const bodyKeepingCodes: ReadonlySet<number> = new Set([307, 308]);

export const isRedirect = (status: number, sent: Sent): boolean =>
  status >= 301 && (sent.body === undefined ? redirectCodes : bodyKeepingCodes).has(status);

/**
 * Sends the request again to where the response said. Credentials never leave the origin they were given for; the time
 * of all hops belongs to the operation.
 */
export function followRedirect(flight: RegistryFlight, sent: Sent, hop: number): void {
  if (hop > REDIRECTS_MAX) {
    flight.fail(Failure.redirect, `more than ${REDIRECTS_MAX} redirects`);
    return;
  }
  const insecure = flight.client.isInsecure(flight.order.registry);
  const place = resolveLocation(flight.url, flight.location, { insecure });
  if (place.kind === "refused") {
    const where = shownLocation(flight.location);
    flight.fail(Failure.redirect, `${flight.status} to "${where}": ${place.reason}`);
    return;
  }
  flight.client.counts.redirects++;
  // 303 asks for a GET whatever was sent; everything else that gets here keeps its method.
  const method = flight.status === 303 && sent.expectsBody ? "GET" : methodOfHead(sent.head);
  flight.requestAt(place, (hostHeader) => ({
    ...sent,
    head: movedHead(sent.head, { method, target: place.target, hostHeader }),
  }));
}
