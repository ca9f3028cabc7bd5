import type { IncomingHttpHeaders } from "node:http";
import { apiError } from "./api-error.ts";
import type { Reply } from "./reply.ts";
import type { Route } from "./route.ts";

// How Ociregistry reads a name: the upstream registry stands in the header X-Registry, in `?ns=`, or as first segment
// with a dot (or a port). Here all upstreams have the same content, so the namespace is only taken off.

export const NAMESPACED_SEGMENTS_MAX = 4;

export function withoutNamespace(route: Route, headers: IncomingHttpHeaders): Route | Reply {
  if (route.name === "") return route;
  const segments = route.name.split("/");
  if (segments.length > NAMESPACED_SEGMENTS_MAX) {
    return refusal(route, `more than ${NAMESPACED_SEGMENTS_MAX} segments`);
  }
  if (headers["x-registry"] !== undefined || new URLSearchParams(route.query).has("ns"))
    return route;
  const [first = "", ...rest] = segments;
  if (!isHost(first)) return refusal(route, "no namespace");
  if (rest.some(isHost)) return refusal(route, "two namespaces");
  return { ...route, name: rest.join("/") };
}

const isHost = (segment: string): boolean => /[.:]/.test(segment);

const refusal = (route: Route, why: string): Reply =>
  apiError("NAME_INVALID", `the name has ${why}`, { detail: { name: route.name } });
