import type { IncomingHttpHeaders } from "node:http";
import type { ExchangeHeaders } from "../../archive/exchange.ts";

// The names as they are written, whatever their spelling on the wire was. Nothing here can carry a secret; Location may, in its
// query, and is written as a path.
const names = [
  ["accept", "Accept"],
  ["content-type", "Content-Type"],
  ["content-length", "Content-Length"],
  ["content-range", "Content-Range"],
  ["range", "Range"],
  ["user-agent", "User-Agent"],
  ["docker-content-digest", "Docker-Content-Digest"],
  ["etag", "ETag"],
] as const;

/** `pathOf` says how a Location is written. Lines of a field that came several times are joined by commas. */
export function recordedHeaders(
  headers: IncomingHttpHeaders,
  pathOf: (location: string) => string,
): ExchangeHeaders {
  const recorded: Record<string, string> = {};
  for (const [key, name] of names) {
    const value = headers[key];
    if (value !== undefined) recorded[name] = Array.isArray(value) ? value.join(", ") : value;
  }
  if (headers.location !== undefined) recorded.Location = pathOf(headers.location);
  return recorded;
}
