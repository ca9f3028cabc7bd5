// What a manifest asks for. Pure: bytes in, blobs or further manifests out. Nothing a server sends makes it throw.
import type { Platform } from "../../pull-plan.ts";

export type BlobPlan = {
  readonly digest: string;
  /** Bytes, or -1 where the manifest does not say. */
  readonly size: number;
  readonly isConfig: boolean;
};

export type ManifestPlan =
  | {
      readonly kind: "image";
      readonly config: BlobPlan | undefined;
      /** In the manifest's order. */
      readonly layers: readonly BlobPlan[];
      /** Layers that are somewhere else by their own word. */
      readonly foreign: number;
      readonly mediaType: string;
    }
  | {
      readonly kind: "index";
      readonly children: readonly { readonly digest: string; readonly mediaType: string }[];
      readonly mediaType: string;
    }
  | { readonly kind: "no-platform" }
  | { readonly kind: "unreadable"; readonly why: string };

/** Entries of one index or layers of one manifest: 4 MiB cannot hold many more. */
const ENTRIES_MAX = 10_000;
const DIGEST = /^[a-z0-9]+(?:[.+_-][a-z0-9]+)*:[0-9a-zA-Z=_-]{32,}$/;

/** Whatever the algorithm: it may stand in a path. */
export const isDigest = (text: string): boolean => DIGEST.test(text);

type Json = Readonly<Record<string, unknown>>;

export function manifestPlan(body: Buffer, platform: Platform | "all"): ManifestPlan {
  const manifest = parsed(body);
  if (manifest === undefined) return { kind: "unreadable", why: "the manifest is not JSON" };
  const mediaType = textOf(manifest.mediaType);
  const entries = listOf(manifest.manifests);
  const isIndex = Array.isArray(manifest.manifests) && !Array.isArray(manifest.layers);
  if (isIndex) return indexPlan(entries, platform, mediaType);
  return imagePlan(manifest, mediaType);
}

function parsed(body: Buffer): Json | undefined {
  try {
    const value: unknown = JSON.parse(body.toString("utf8"));
    return asObject(value);
  } catch {
    return undefined;
  }
}

const asObject = (value: unknown): Json | undefined =>
  typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as Json)
    : undefined;
const textOf = (value: unknown): string => (typeof value === "string" ? value : "");
const listOf = (value: unknown): Json[] =>
  Array.isArray(value) ? value.slice(0, ENTRIES_MAX).map((entry) => asObject(entry) ?? {}) : [];

function indexPlan(
  entries: readonly Json[],
  platform: Platform | "all",
  mediaType: string,
): ManifestPlan {
  const fitting =
    platform === "all"
      ? entries
      : entries.filter((entry) => fits(asObject(entry.platform), platform)).slice(0, 1);
  if (fitting.length === 0) return { kind: "no-platform" };
  const children = fitting.map((entry) => ({
    digest: textOf(entry.digest),
    mediaType: textOf(entry.mediaType),
  }));
  const bad = children.find(({ digest }) => !isDigest(digest));
  if (bad !== undefined)
    return { kind: "unreadable", why: `the index names a digest "${bad.digest.slice(0, 80)}"` };
  return { kind: "index", children, mediaType };
}

function fits(found: Json | undefined, wanted: Platform): boolean {
  if (found === undefined) return false;
  const { os, architecture, variant } = wanted;
  if (found.os !== os || found.architecture !== architecture) return false;
  return variant === undefined || found.variant === variant;
}

function imagePlan(manifest: Json, mediaType: string): ManifestPlan {
  const config = asObject(manifest.config);
  // Layers of OCI and docker manifests; blobs of artifact manifests; schema 1 lists the newest layer first.
  const layers = listOf(manifest.layers ?? manifest.blobs ?? manifest.fsLayers);
  const seen = new Set<string>();
  const plans: BlobPlan[] = [];
  let foreign = 0;
  for (const layer of layers) {
    if (listed(layer.urls)) foreign++;
    else plans.push(blobPlan(layer, false));
  }
  const configPlan = config === undefined ? undefined : blobPlan(config, true);
  const bad = [...plans, ...(configPlan === undefined ? [] : [configPlan])].find(
    ({ digest }) => !isDigest(digest),
  );
  if (bad !== undefined)
    return { kind: "unreadable", why: `the manifest names a digest "${bad.digest.slice(0, 80)}"` };
  const once = plans.filter(({ digest }) => !seen.has(digest) && seen.add(digest));
  return {
    kind: "image",
    config: configPlan === undefined || seen.has(configPlan.digest) ? undefined : configPlan,
    layers: once,
    foreign,
    mediaType,
  };
}

const listed = (urls: unknown): boolean => Array.isArray(urls) && urls.length > 0;

function blobPlan({ digest, blobSum, size }: Json, isConfig: boolean): BlobPlan {
  const bytes = typeof size === "number" && Number.isSafeInteger(size) && size >= 0 ? size : -1;
  return { digest: textOf(digest ?? blobSum), size: bytes, isConfig };
}
