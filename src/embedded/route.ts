// What a path asks for. Runs once per request: a few searches in the path, one small object.

/** Kinds of requests, as statistics and fault rules name them. */
export const requestTypes = [
  "manifest",
  "blob",
  "upload",
  "tags",
  "catalog",
  "referrers",
  "token",
  "ping",
  "other",
] as const;
export type RequestType = (typeof requestTypes)[number];

/** `name` and `reference` are empty where the path has none; they are decoded, but not checked yet. */
export interface Route {
  readonly type: RequestType;
  readonly name: string;
  readonly reference: string;
  /** Query without the question mark, exactly as sent. */
  readonly query: string;
}

const PREFIX = "/v2/";

// Each of these words may also be part of a repository's name, so the last one in the path counts.
const markers = [
  { text: "/manifests/", type: "manifest" },
  { text: "/blobs/uploads/", type: "upload" },
  { text: "/blobs/", type: "blob" },
  { text: "/referrers/", type: "referrers" },
] as const;
const TAGS = "/tags/list";

export function routeOf(url: string): Route {
  const mark = url.indexOf("?");
  const path = decoded(mark < 0 ? url : url.slice(0, mark));
  const query = mark < 0 ? "" : url.slice(mark + 1);
  if (path === undefined) return { type: "other", name: "", reference: "", query };
  if (path === "/v2/" || path === "/v2") return { type: "ping", name: "", reference: "", query };
  if (path === "/v2/_catalog") return { type: "catalog", name: "", reference: "", query };
  if (path === "/token") return { type: "token", name: "", reference: "", query };
  if (!path.startsWith(PREFIX)) return { type: "other", name: "", reference: "", query };
  if (path.endsWith(TAGS)) {
    return { type: "tags", name: path.slice(PREFIX.length, -TAGS.length), reference: "", query };
  }
  return markedRoute(path, query);
}

function markedRoute(path: string, query: string): Route {
  let best = -1;
  let type: RequestType = "other";
  let end = 0;
  for (const marker of markers) {
    const at = path.lastIndexOf(marker.text);
    // "/blobs/uploads/" and its own beginning "/blobs/" are found at the same place: the longer one comes first.
    if (at > best) {
      best = at;
      type = marker.type;
      end = at + marker.text.length;
    }
  }
  if (best < PREFIX.length - 1) return { type: "other", name: "", reference: "", query };
  return { type, name: path.slice(PREFIX.length, best), reference: path.slice(end), query };
}

// Clients may write the colon of a digest as %3A. `undefined` = the escapes are broken.
function decoded(path: string): string | undefined {
  if (!path.includes("%")) return path;
  try {
    return decodeURIComponent(path);
  } catch {
    return undefined;
  }
}
