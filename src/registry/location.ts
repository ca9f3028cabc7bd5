// Where a Location leads. It is a token of the server's that must come back byte for byte: CNCF distribution keeps a session
// of 400 and more characters in the query, and a presigned URL is void after any re-encoding. So this works on the text and
// leaves out what URL parsers do: decoding, encoding, sorting. Source: registry-protocol.md 3 and 5.

/** A place that a Location names. `origin` in normal form, `target` = path and query as they go into the request line. */
export type Place = { readonly kind: "place"; readonly origin: string; readonly target: string };

/** A Location that is not followed; `reason` continues the sentence "Location … : ". */
export type RefusedPlace = { readonly kind: "refused"; readonly reason: string };

/** `scheme://authority`, then path, then query; the fragment is dropped. */
const absolute = /^([a-z][a-z0-9+.-]*):\/\/([^/?#]*)([^?#]*)(\?[^#]*)?/i;
const relative = /^([^?#]*)(\?[^#]*)?/;
const hasScheme = /^[a-z][a-z0-9+.-]*:/i;
// Anything else would end the request line early.
const sendable = /^[\x21-\x7e\x80-\xff]+$/;

/**
 * Resolves a Location of any form (absolute, host-relative, path-relative, query only) against the URL of the request that
 * it answers. From https to http only if `insecure`.
 */
export function resolveLocation(
  requestUrl: string,
  location: string,
  { insecure }: { readonly insecure: boolean },
): Place | RefusedPlace {
  const given = location.trim();
  if (given === "") return refused("there is none");
  if (!sendable.test(given)) return refused("it has characters that no URL has");
  const base = absolute.exec(requestUrl);
  if (base === null) return refused(`${requestUrl} is no URL to start from`);
  const [, scheme = "", authority = "", path = ""] = base;
  if (given.startsWith("//")) return placeAt(`${scheme}:${given}`, scheme, insecure);
  if (hasScheme.test(given)) return placeAt(given, scheme, insecure);
  const target = resolveTarget(path, given);
  return placeAt(`${scheme}://${authority}${target}`, scheme, insecure);
}

const refused = (reason: string): RefusedPlace => ({ kind: "refused", reason });

function placeAt(url: string, fromScheme: string, insecure: boolean): Place | RefusedPlace {
  const [, scheme = "", authority = "", path = "", query = ""] = absolute.exec(url) ?? [];
  const protocol = scheme.toLowerCase();
  if (protocol !== "http" && protocol !== "https") return refused("it is neither http nor https");
  if (authority.includes("@")) return refused("it has a user name in it");
  const parsed = URL.parse(`${protocol}://${authority}`);
  if (parsed === null) return refused("its host or port is malformed");
  if (protocol === "http" && fromScheme.toLowerCase() === "https" && !insecure)
    return refused('it leads from https to http; "insecure: true" on the registry entry allows it');
  return { kind: "place", origin: parsed.origin, target: `${path === "" ? "/" : path}${query}` };
}

/** RFC 3986, 5.2: only a path that was merged loses its dot segments. */
function resolveTarget(basePath: string, given: string): string {
  const [, path = "", query = ""] = relative.exec(given) ?? [];
  if (path === "") return `${basePath}${query}`;
  if (path.startsWith("/")) return `${path}${query}`;
  const folder = basePath.slice(0, basePath.lastIndexOf("/") + 1);
  return `${withoutDots(`${folder}${path}`)}${query}`;
}

function withoutDots(path: string): string {
  const kept: string[] = [];
  const segments = path.split("/").slice(1);
  segments.forEach((segment, index) => {
    const isLast = index === segments.length - 1;
    if (segment === "..") kept.pop();
    if (segment !== "." && segment !== "..") kept.push(segment);
    else if (isLast) kept.push("");
  });
  return `/${kept.join("/")}`;
}

/** A Location for people to see: without its query, where presigned URLs carry their key, and without a user. */
export const shownLocation = (location: string): string =>
  location
    .trim()
    .replace(/[?#].*$/s, "?…")
    .replace(/\/\/[^/@]*@/, "//…@");

/** `target` with `digest=` behind the query it has; what is there already stays as it is. */
export function appendDigest(target: string, digest: string): string {
  if (!target.includes("?")) return `${target}?digest=${digest}`;
  const separator = target.endsWith("?") || target.endsWith("&") ? "" : "&";
  return `${target}${separator}digest=${digest}`;
}
