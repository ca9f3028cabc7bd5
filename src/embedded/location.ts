import type { Call, Registry } from "./registry.ts";

/** A Location header for a path of this registry: absolute, or only the path where that is configured or imitated. */
export function locationOf(registry: Registry, call: Call, path: string): string {
  const { settings, behaviour } = registry;
  if (settings.relativeLocations || behaviour.relativeLocations) return path;
  return `${originOf(registry, call)}${path}`;
}

/** Scheme, host and port that the client used to get here. */
export function originOf(registry: Registry, call: Call): string {
  const { localAddress, localPort } = call.request.socket;
  const host = call.request.headers.host ?? `${localAddress}:${localPort}`;
  return `${registry.settings.scheme}://${host}`;
}
