// Names, tags and digests of the OCI distribution specification 1.1, and the paths that are made of them.

/** With host and slash, as the reference implementation counts. */
const NAME_CHARACTERS_MAX = 255;

const name = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/;
const tag = /^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/;
const digest = /^(?:sha256:[a-f0-9]{64}|sha512:[a-f0-9]{128})$/;

export const isRepositoryName = (text: string): boolean =>
  text.length <= NAME_CHARACTERS_MAX && name.test(text);

export const isTag = (text: string): boolean => tag.test(text);

export const isDigest = (text: string): boolean => digest.test(text);

export type Digest = { readonly algorithm: "sha256" | "sha512"; readonly bytes: Buffer };

/** `undefined` for anything but `sha256:` or `sha512:` and the right number of lower-case hex digits. */
export function parseDigest(text: string): Digest | undefined {
  if (!isDigest(text)) return undefined;
  const algorithm = text.startsWith("sha256:") ? "sha256" : "sha512";
  return { algorithm, bytes: Buffer.from(text.slice(algorithm.length + 1), "hex") };
}

/** What a path of a registry names. Texts are as the path has them: check them with the functions above. */
export type RegistryPath =
  | { readonly kind: "ping" }
  | { readonly kind: "catalog" }
  | { readonly kind: "tags"; readonly name: string }
  | {
      readonly kind: "manifest" | "blob" | "referrers";
      readonly name: string;
      readonly reference: string;
    }
  /** `session` is empty in the path that opens one. */
  | { readonly kind: "upload"; readonly name: string; readonly session: string };

const ROOT = "/v2/";
const UPLOADS = "uploads/";

/**
 * Splits a path without query. The words `manifests`, `blobs`, `tags` and `referrers` may be part of a name, so the last
 * of them counts. `undefined` for a path that is none of a registry's.
 */
export function splitRegistryPath(path: string): RegistryPath | undefined {
  if (path === "/v2" || path === ROOT) return { kind: "ping" };
  if (!path.startsWith(ROOT)) return undefined;
  if (path === "/v2/_catalog") return { kind: "catalog" };
  const tags = /^\/v2\/(.+)\/tags\/list$/.exec(path);
  if (tags !== null) return { kind: "tags", name: tags[1] as string };
  // Greedy: the name reaches to the last separator.
  const [, repository, word, rest] =
    /^\/v2\/(.+)\/(manifests|blobs|referrers)\/(.*)$/.exec(path) ?? [];
  if (repository === undefined || rest === undefined) return undefined;
  if (word === "blobs" && (rest === "uploads" || rest.startsWith(UPLOADS)))
    return { kind: "upload", name: repository, session: rest.slice(UPLOADS.length) };
  if (rest === "") return undefined;
  const kind = word === "manifests" ? "manifest" : word === "blobs" ? "blob" : "referrers";
  return { kind, name: repository, reference: rest };
}
