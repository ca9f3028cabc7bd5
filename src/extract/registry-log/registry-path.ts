/** What a request of the distribution API is about. Source: the OCI distribution specification, and extract.md 5.1. */
export type RegistryPath =
  | { readonly kind: "ping" }
  | { readonly kind: "catalog" }
  | {
      readonly kind: "manifests" | "blobs" | "referrers";
      readonly name: readonly string[];
      readonly reference: string;
    }
  | { readonly kind: "uploads"; readonly name: readonly string[]; readonly id: string }
  | { readonly kind: "tags"; readonly name: readonly string[] };

export type RegistryTarget = {
  readonly path: RegistryPath;
  /** Parameters of the allow-list, in the order of the request. */
  readonly query: readonly (readonly [string, string])[];
};

const KEPT_PARAMETERS = new Set(["digest", "mount", "from", "n", "last", "artifactType", "ns"]);
const REFERENCES = new Set(["manifests", "blobs", "referrers"]);
const NO_ID = "";

/** Takes path and query apart; `undefined` for what is not below /v2/ or not of the API. */
export function readRegistryTarget(target: string): RegistryTarget | undefined {
  const [whole = "", queryText = ""] = withoutOrigin(target).split("?", 2);
  const segments = whole.split("/").map(decoded);
  if (segments[0] !== "" || segments[1] !== "v2") return undefined;
  const path = pathOf(segments.slice(2));
  return path === undefined ? undefined : { path, query: keptParameters(queryText) };
}

function pathOf(segments: readonly string[]): RegistryPath | undefined {
  if (segments.every((segment) => segment === "")) return { kind: "ping" };
  if (segments[0] === "_catalog") return { kind: "catalog" };
  const uploads = uploadOf(segments);
  if (uploads !== undefined) return uploads;
  const [marker = "", last = ""] = segments.slice(-2);
  const name = segments.slice(0, -2);
  if (name.length === 0 || name.includes("") || last === "") return undefined;
  if (marker === "tags" && last === "list") return { kind: "tags", name };
  if (!REFERENCES.has(marker)) return undefined;
  return { kind: marker as "manifests" | "blobs" | "referrers", name, reference: last };
}

/** `NAME/blobs/uploads`, with a slash or an id behind it. */
function uploadOf(segments: readonly string[]): RegistryPath | undefined {
  const isBare = segments.at(-1) === "uploads" && segments.at(-2) === "blobs";
  const name = segments.slice(0, isBare ? -2 : -3);
  const isUpload = isBare || (segments.at(-2) === "uploads" && segments.at(-3) === "blobs");
  if (!isUpload || name.length === 0 || name.includes("")) return undefined;
  return { kind: "uploads", name, id: isBare ? NO_ID : (segments.at(-1) ?? NO_ID) };
}

function keptParameters(text: string): readonly (readonly [string, string])[] {
  return [...new URLSearchParams(text)].filter(([name]) => KEPT_PARAMETERS.has(name));
}

/** Proxies are asked for whole URLs. */
const withoutOrigin = (target: string): string => target.replace(/^https?:\/\/[^/]*/i, "");

function decoded(segment: string): string {
  if (!segment.includes("%")) return segment;
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
