// What a request to a registry is about, from method and path. Runs once per exchange: a few searches in the path.
// Source: OCI distribution specification 1.1, endpoints; CNCF distribution for the catalogue.
import type { ExchangeClass } from "../../archive/exchange.ts";

/** Path of a request, taken apart. `name` and `reference` are as sent, still encoded; empty where the path has none. */
export type RegistryPath = {
  readonly kind:
    | "ping"
    | "catalog"
    | "tags"
    | "manifest"
    | "blob"
    | "uploads"
    | "upload"
    | "referrers"
    | "other";
  readonly name: string;
  /** Tag, digest or identifier of an upload. */
  readonly reference: string;
};

const PREFIX = "/v2/";
const TAGS = "/tags/list";

// Each of these words may also be part of a repository's name, so the last one in the path counts. Of two that begin at the
// same place the longer one stands first.
const markers = [
  { text: "/blobs/uploads/", kind: "upload" },
  { text: "/manifests/", kind: "manifest" },
  { text: "/blobs/", kind: "blob" },
  { text: "/referrers/", kind: "referrers" },
] as const;

const bare = (kind: RegistryPath["kind"]): RegistryPath => ({ kind, name: "", reference: "" });

/** `path` without query. */
export function registryPath(path: string): RegistryPath {
  if (path === "/v2/" || path === "/v2") return bare("ping");
  if (path === "/v2/_catalog") return bare("catalog");
  if (!path.startsWith(PREFIX)) return bare("other");
  if (path.endsWith(TAGS) && path.length > PREFIX.length + TAGS.length)
    return { kind: "tags", name: path.slice(PREFIX.length, -TAGS.length), reference: "" };
  // Some clients leave out the slash at the end.
  return marked(path.endsWith("/blobs/uploads") ? `${path}/` : path);
}

function marked(path: string): RegistryPath {
  let best = -1;
  let found: (typeof markers)[number] | undefined;
  for (const marker of markers) {
    const at = path.lastIndexOf(marker.text);
    if (at <= best) continue;
    best = at;
    found = marker;
  }
  if (found === undefined || best < PREFIX.length) return bare("other");
  const name = path.slice(PREFIX.length, best);
  const reference = path.slice(best + found.text.length);
  if (found.kind === "upload" && reference === "") return { kind: "uploads", name, reference };
  if (reference === "" || reference.includes("/")) return bare("other");
  return { kind: found.kind, name, reference };
}

const digest = /^[a-z0-9]+(?:[+._-][a-z0-9]+)*(?::|%3a)[0-9a-f]{32,}$/i;

export const isDigest = (reference: string): boolean => digest.test(reference);

/** A digest whose colon was sent as `%3A` is the same digest. */
export const plainDigest = (reference: string): string => reference.replace(/%3a/i, ":");

/** `isToken`: the path is that of a token service. */
export function exchangeClass(
  method: string,
  { kind, reference }: RegistryPath,
  { query, isToken }: { readonly query: string; readonly isToken: boolean },
): ExchangeClass {
  if (isToken) return "token";
  switch (kind) {
    case "ping":
    case "catalog":
    case "tags":
    case "referrers":
      return kind;
    case "manifest":
      if (method === "DELETE") return "delete";
      return isDigest(reference) ? "manifest-digest" : "manifest-tag";
    case "blob":
      return method === "DELETE" ? "delete" : "blob";
    case "uploads":
      if (method !== "POST") return "other";
      return /(?:^|&)mount=/.test(query) ? "upload-mount" : "upload-start";
    case "upload":
      return uploadClasses[method] ?? "other";
    case "other":
      return "other";
    default:
      return kind satisfies never;
  }
}

// Asking how far an upload is has no class of its own.
const uploadClasses: Readonly<Record<string, ExchangeClass>> = {
  PATCH: "upload-patch",
  PUT: "upload-put",
  DELETE: "upload-cancel",
};
