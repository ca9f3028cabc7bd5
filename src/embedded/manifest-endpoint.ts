import { ociIndex, ociManifest } from "../registry/media-type.ts";
import { isTag } from "../registry/reference.ts";
import { apiError } from "./api-error.ts";
import { bufferContent } from "./content.ts";
import { algorithmOf, digestOf } from "./digest.ts";
import { locationOf } from "./location.ts";
import {
  isKnownType,
  type ManifestDocument,
  type ManifestReference,
  readManifest,
  wrongVersion,
} from "./manifest-document.ts";
import { objectReply } from "./object-reply.ts";
import type { Call, Registry } from "./registry.ts";
import { registryObject } from "./registry-object.ts";
import { emptyReply, type Reply } from "./reply.ts";
import type { Repository, StoredManifest } from "./repository.ts";
import { readWholeBody } from "./request-body.ts";
import { memoryFull } from "./upload-endpoint.ts";

/** Source: registry protocol 9.1. */
const MANIFEST_BYTES_MAX = 4 * 1024 * 1024;
/** Tags that one PUT by digest may set with `?tag=`. */
const TAGS_PER_PUT_MAX = 100;

/** GET and HEAD (end-3). */
export function readManifestObject(registry: Registry, call: Call): Reply {
  const { name, reference } = call.route;
  const { behaviour } = registry;
  const repository = registry.store.find(name);
  const manifest = repository?.manifest(behaviour.foldsCase ? reference.toLowerCase() : reference);
  if (manifest === undefined) return noManifest(registry, call, repository);
  if (behaviour.needsManifestType && !accepts(call, manifest.object.mediaType)) {
    return noManifest(registry, call, repository);
  }
  return objectReply(behaviour, call.request.headers, manifest.object, "manifest");
}

// CNCF distribution 2.8 looks for the OCI types by name: a wildcard does not help. Docker's types it always gives.
function accepts(call: Call, mediaType: string): boolean {
  if (mediaType !== ociManifest && mediaType !== ociIndex) return true;
  const accept = call.request.headers.accept ?? "";
  return accept.split(",").some((part) => part.split(";")[0]?.trim() === mediaType);
}

function noManifest(registry: Registry, call: Call, repository: Repository | undefined): Reply {
  const { name, reference } = call.route;
  if (registry.behaviour.missingManifest === "empty 500") return emptyReply(500);
  const asked = reference.includes(":") ? "digest" : "tag";
  if (asked === "digest" && algorithmOf(reference) === undefined) {
    return apiError("DIGEST_INVALID", "this is not a sha256 or sha512 digest", {
      detail: { digest: reference },
    });
  }
  if (repository === undefined) {
    return apiError("NAME_UNKNOWN", "no such repository", { detail: { name } });
  }
  return apiError("MANIFEST_UNKNOWN", "no such manifest in this repository", {
    detail: { name, [asked]: reference },
  });
}

/** PUT (end-7): by tag, or by digest with any number of `?tag=`. */
export async function writeManifest(registry: Registry, call: Call): Promise<Reply | undefined> {
  const refusal = badReference(call.route.reference);
  if (refusal !== undefined) return refusal;
  const body = await readWholeBody(registry, call, MANIFEST_BYTES_MAX);
  if (body === "aborted") return undefined;
  if (!Buffer.isBuffer(body)) return body;
  const contentType = (call.request.headers["content-type"] ?? "").split(";")[0]?.trim() ?? "";
  const document = readManifest(body, contentType);
  const complaint = complaintAbout(registry, call.route.name, { document, contentType });
  if (complaint !== undefined) return complaint;
  const known = typeof document === "string" ? undefined : document;
  const mediaType = known?.mediaType ?? (contentType === "" ? "application/json" : contentType);
  return store(registry, call, { body, mediaType, document: known });
}

function badReference(reference: string): Reply | undefined {
  if (algorithmOf(reference) !== undefined || isTag(reference)) return undefined;
  return reference.includes(":")
    ? apiError("DIGEST_INVALID", "this is not a sha256 or sha512 digest", { detail: { reference } })
    : apiError("TAG_INVALID", "this is not a tag", { detail: { reference } });
}

function complaintAbout(
  registry: Registry,
  name: string,
  read: { readonly document: ManifestDocument | string; readonly contentType: string },
): Reply | undefined {
  const { manifestCheck } = registry.behaviour;
  const { document, contentType } = read;
  if (manifestCheck === "none") return undefined;
  if (manifestCheck === "like distribution") {
    if (document === wrongVersion && contentType.includes(".oci.")) {
      return apiError("UNKNOWN", "unknown error");
    }
    if (!isKnownType(contentType)) return apiError("MANIFEST_INVALID", "unknown type of manifest");
  }
  if (typeof document === "string") return apiError("MANIFEST_INVALID", document);
  const missing = missingParts(registry.store.find(name), document);
  if (missing.length === 0) return undefined;
  return apiError("MANIFEST_BLOB_UNKNOWN", "the manifest names content that is not here", {
    detail: missing.map(({ digest }) => digest),
  });
}

function missingParts(
  repository: Repository | undefined,
  document: ManifestDocument,
): ManifestReference[] {
  return [
    ...document.blobs.filter(({ digest }) => repository?.hasBlob(digest) !== true),
    ...document.children.filter(({ digest }) => repository?.manifest(digest) === undefined),
  ];
}

function store(
  registry: Registry,
  call: Call,
  pushed: {
    readonly body: Buffer;
    readonly mediaType: string;
    readonly document: ManifestDocument | undefined;
  },
): Reply {
  const { name, reference } = call.route;
  const digest = digestOf(pushed.body, algorithmOf(reference));
  if (algorithmOf(reference) !== undefined && reference !== digest) {
    return apiError("DIGEST_INVALID", "the manifest does not have this digest", {
      detail: { digest: reference, actual: digest },
    });
  }
  const tags = tagsOf(call);
  if (!Array.isArray(tags)) return tags;
  if (!registry.store.budget.take(pushed.body.length)) return memoryFull(registry);
  const repository = registry.store.findOrCreate(name);
  const known = repository.manifest(digest);
  if (known !== undefined) registry.store.budget.give(pushed.body.length);
  const manifest = known ?? {
    object: registryObject(digest, bufferContent(pushed.body), pushed.mediaType),
    document: pushed.document,
  };
  if (known === undefined) repository.addManifest(manifest);
  for (const tag of tags) repository.setTag(tag, manifest);
  return createdReply(registry, call, manifest, tags);
}

function tagsOf(call: Call): string[] | Reply {
  const { reference, query } = call.route;
  const tags = isTag(reference) ? [reference] : new URLSearchParams(query).getAll("tag");
  if (tags.length > TAGS_PER_PUT_MAX) {
    return apiError("TAG_INVALID", `one request may set ${TAGS_PER_PUT_MAX} tags`, { status: 414 });
  }
  const wrong = tags.find((tag) => !isTag(tag));
  if (wrong === undefined) return tags;
  return apiError("TAG_INVALID", "this is not a tag", { detail: { tag: wrong } });
}

function createdReply(
  registry: Registry,
  call: Call,
  manifest: StoredManifest,
  tags: readonly string[],
): Reply {
  const { behaviour } = registry;
  const { digest } = manifest.object;
  const subject = manifest.document?.subject;
  const path = `/v2/${call.route.name}/manifests/${digest}`;
  return emptyReply(201, [
    ...(behaviour.hasLocationAfterPut ? ["Location", locationOf(registry, call, path)] : []),
    "Docker-Content-Digest",
    digest,
    ...(subject !== undefined && behaviour.referrers === "index" ? ["OCI-Subject", subject] : []),
    ...(isTag(call.route.reference) ? [] : tags.flatMap((tag) => ["OCI-Tag", tag])),
  ]);
}

/** DELETE (end-9): a digest takes its tags along. */
export function deleteManifest(registry: Registry, call: Call): Reply {
  const { name, reference } = call.route;
  const { behaviour } = registry;
  const repository = registry.store.find(name);
  if (isTag(reference)) {
    if (!behaviour.deletesByTag) return apiError("DIGEST_INVALID", "a tag is not a digest");
    return repository?.removeTag(reference)
      ? emptyReply(202)
      : noManifest(registry, call, repository);
  }
  const removed = repository?.removeManifest(reference, behaviour.deletingDigestRemovesTags);
  if (removed === undefined) return noManifest(registry, call, repository);
  registry.store.budget.give(removed);
  return emptyReply(202);
}
