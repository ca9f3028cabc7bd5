// One manifest from an upstream into the cache, with its blobs where the registry fetches eagerly.
import { acceptManifests } from "../../registry/media-type.ts";
import { bufferContent } from "../content.ts";
import { algorithmOf, digestOf } from "../digest.ts";
import { type ManifestDocument, readManifest } from "../manifest-document.ts";
import { registryObject } from "../registry-object.ts";
import type { Reply } from "../reply.ts";
import type { StoredManifest } from "../repository.ts";
import type { BlobOutcome } from "./blob-fetch.ts";
import type { PullThroughCache } from "./pull-through-cache.ts";
import type { ThroughTarget } from "./through-target.ts";
import type { UpstreamBody } from "./upstream.ts";
import { UpstreamError } from "./upstream-trouble.ts";

export type ManifestOutcome =
  /** Not always kept: a manifest without room is answered all the same. */
  | {
      readonly kind: "fetched";
      readonly manifest: StoredManifest;
      /** It was in the cache, and the upstream says that it still counts. */
      readonly isCached: boolean;
    }
  | { readonly kind: "refused"; readonly reply: Reply };

export type ManifestFetchParts = {
  readonly target: ThroughTarget;
  readonly cache: PullThroughCache;
  /** Fetches a blob of the same repository, or joins its fetch; absent = blobs come when they are asked for. */
  readonly fetchBlob: ((target: ThroughTarget) => Promise<BlobOutcome>) | undefined;
};

/** Source: registry-protocol.md 9.1. */
const MANIFEST_BYTES_MAX = 4 * 1024 * 1024;
/** As docker and containerd do. */
const BLOBS_AT_ONCE = 3;

export async function fetchManifest(parts: ManifestFetchParts): Promise<ManifestOutcome> {
  const { target } = parts;
  const { upstream, name, reference } = target;
  const answer = await upstream.ask({
    method: "GET",
    type: "manifest",
    target: `/v2/${name}/manifests/${reference}`,
    scope: `repository:${name}:pull`,
    headers: { accept: `${acceptManifests}, */*` },
  });
  if (answer.kind === "refused") return answer;
  try {
    return await keep(parts, await received(answer.body, reference));
  } catch (error) {
    return { kind: "refused", reply: upstream.replyTo(error) };
  }
}

async function received(body: UpstreamBody, reference: string): Promise<StoredManifest> {
  const bytes = await body.whole(MANIFEST_BYTES_MAX);
  const { headers } = body.response;
  const announced = String(headers["docker-content-digest"] ?? "");
  const wanted = [reference, announced].find((digest) => algorithmOf(digest) !== undefined);
  const digest = digestOf(bytes, wanted === undefined ? undefined : algorithmOf(wanted));
  if (wanted !== undefined && digest !== wanted) {
    throw new UpstreamError("digest", "the upstream's manifest does not have its digest");
  }
  const contentType = (headers["content-type"] ?? "").split(";")[0]?.trim() ?? "";
  const document = readManifest(bytes, contentType);
  const known = typeof document === "string" ? undefined : document;
  const mediaType = known?.mediaType ?? (contentType === "" ? "application/json" : contentType);
  return {
    object: registryObject(digest, bufferContent(bytes), mediaType),
    document: known,
  };
}

async function keep(parts: ManifestFetchParts, manifest: StoredManifest): Promise<ManifestOutcome> {
  const { target, cache } = parts;
  const blobs = manifest.document?.blobs ?? [];
  // Neither pruning nor eviction takes a blob away before the manifest is there to hold it.
  for (const { digest } of blobs) cache.pin(target.key, digest);
  try {
    const refusal = await fetchBlobs(parts, blobs);
    if (refusal !== undefined) return { kind: "refused", reply: refusal };
    cache.keepManifest(target.key, target.reference, manifest);
    return { kind: "fetched", manifest, isCached: false };
  } finally {
    for (const { digest } of blobs) cache.unpin(target.key, digest);
  }
}

/** The first refusal; what has come by then stays, as strays. */
async function fetchBlobs(
  { target, cache, fetchBlob }: ManifestFetchParts,
  blobs: ManifestDocument["blobs"],
): Promise<Reply | undefined> {
  if (fetchBlob === undefined) return undefined;
  // What cannot be kept is passed on when the client asks for it.
  const wanted = blobs.filter(({ size }) => cache.canHold(size));
  const waiting = [...new Set(wanted.map(({ digest }) => digest))];
  let refusal: Reply | undefined;
  const lane = async (): Promise<void> => {
    for (;;) {
      const digest = waiting.shift();
      if (digest === undefined || refusal !== undefined) return;
      if (cache.blob(target.key, digest) !== undefined) continue;
      const outcome = await fetchBlob({ ...target, reference: digest });
      if (outcome.kind === "refused") refusal ??= outcome.reply;
    }
  };
  await Promise.all(Array.from({ length: BLOBS_AT_ONCE }, lane));
  return refusal;
}
