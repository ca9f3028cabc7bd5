import { isDigest, type RegistryMask } from "../masking/registry-mask.ts";
import type { RegistryPath, RegistryTarget } from "./registry-path.ts";

/** The uri of a native trace, without a leading slash, and the key under which the size of its object is known. */
export type MaskedTarget = {
  readonly uri: string;
  /** The pseudonym of a digest: its content, and so its size, never changes. */
  readonly digest: string | undefined;
};

export function maskedTarget({ path, query }: RegistryTarget, mask: RegistryMask): MaskedTarget {
  const parameters = query.map(([name, value]): readonly [string, string] => [
    name,
    maskedParameter(name, value, { path, mask }),
  ]);
  const text = parameters.map(([name, value]) => `${name}=${encoded(value)}`).join("&");
  const { segments, reference } = maskedPath(path, mask);
  const given = parameters.find(([name]) => name === "digest")?.[1];
  const digest = path.kind === "uploads" ? given : reference;
  const uri = ["v2", ...segments].map(encoded).join("/");
  return { uri: text === "" ? uri : `${uri}?${text}`, digest };
}

function maskedPath(
  path: RegistryPath,
  mask: RegistryMask,
): { segments: readonly string[]; reference?: string } {
  switch (path.kind) {
    case "ping":
      return { segments: [] };
    case "catalog":
      return { segments: ["_catalog"] };
    case "tags":
      return { segments: [...mask.repository(path.name), "tags", "list"] };
    case "uploads": {
      const id = path.id === "" ? "" : mask.upload(path.id);
      return { segments: [...mask.repository(path.name), "blobs", "uploads", id] };
    }
    case "manifests":
    case "blobs":
    case "referrers": {
      const name = mask.repository(path.name);
      if (!isDigest(path.reference))
        return { segments: [...name, path.kind, mask.tag(path.reference)] };
      const reference = mask.digest(path.reference);
      return { segments: [...name, path.kind, reference], reference };
    }
    default:
      return path satisfies never;
  }
}

function maskedParameter(
  name: string,
  value: string,
  { path, mask }: { path: RegistryPath; mask: RegistryMask },
): string {
  switch (name) {
    case "digest":
    case "mount":
      return isDigest(value) ? mask.digest(value) : mask.tag(value);
    case "from":
      return mask.repository(value.split("/")).join("/");
    case "last":
      return path.kind === "catalog"
        ? mask.repository(value.split("/")).join("/")
        : mask.tag(value);
    case "ns":
      return mask.host(value);
    case "n":
      return /^\d{1,9}$/.test(value) ? value : "0";
    default:
      return /^[\w.+-]+\/[\w.+-]+$/.test(value) ? value : "other";
  }
}

/** Digests keep their colon, as all clients write them. */
const encoded = (text: string): string =>
  encodeURIComponent(text).replaceAll("%3A", ":").replaceAll("%2F", "/");
