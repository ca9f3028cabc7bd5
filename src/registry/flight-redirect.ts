import { Failure } from "../core/failure.ts";
import type { RegistryFlight, Sent } from "./flight.ts";
import { resolveLocation } from "./location.ts";
import { methodOfHead, pathOfHead, requestHead } from "./request-head.ts";

/** trace-replay.md 5.1 allows a GET this many hops. */
const REDIRECTS_MAX = 5;
const redirectCodes: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/** Only a request without a body is sent elsewhere: an upload goes where its Location said. */
export const isRedirect = (status: number, sent: Sent): boolean =>
  status >= 301 && redirectCodes.has(status) && sent.body === undefined;

/**
 * Sends the request again to where the response said. Credentials never leave the origin they were given for; the time
 * of all hops belongs to the operation.
 */
export function followRedirect(flight: RegistryFlight, sent: Sent, hop: number): void {
  if (hop > REDIRECTS_MAX) {
    flight.fail(Failure.redirect, `more than ${REDIRECTS_MAX} redirects`);
    return;
  }
  const from = `${flight.origin}${pathOfHead(sent.head)}`;
  const insecure = flight.client.isInsecure(flight.order.registry);
  const place = resolveLocation(from, flight.location, { insecure });
  if (place.kind === "refused") {
    flight.fail(Failure.redirect, `${flight.status} to "${flight.location}": ${place.reason}`);
    return;
  }
  flight.client.counts.redirects++;
  // 303 asks for a GET whatever was sent; everything else that gets here keeps its method.
  const method = flight.status === 303 && sent.expectsBody ? "GET" : methodOfHead(sent.head);
  flight.requestAt(place, (style) => ({
    head: requestHead(method, place.target, style),
    expectsBody: sent.expectsBody,
    bodyBytes: 0,
  }));
}
