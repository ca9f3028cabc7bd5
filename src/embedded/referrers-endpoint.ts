import { ociIndex } from "../registry/media-type.ts";
import { apiError } from "./api-error.ts";
import { algorithmOf } from "./digest.ts";
import type { Call, Registry } from "./registry.ts";
import { jsonReply, type Reply, textReply } from "./reply.ts";
import type { StoredManifest } from "./repository.ts";

/** GET referrers (end-12): an index, empty where nothing refers to the digest, whether that exists or not. */
export function listReferrers(registry: Registry, call: Call): Reply {
  const { name, reference, query } = call.route;
  switch (registry.behaviour.referrers) {
    case "404 text":
      return textReply(404, "404 page not found\n", "text/plain; charset=utf-8");
    case "404":
      return apiError("NAME_UNKNOWN", "this registry keeps no referrers", { status: 404 });
    case "index":
      break;
    default:
      return registry.behaviour.referrers satisfies never;
  }
  if (algorithmOf(reference) === undefined) {
    return apiError("DIGEST_INVALID", "this is not a sha256 or sha512 digest", {
      detail: { digest: reference },
    });
  }
  const wanted = new URLSearchParams(query).get("artifactType");
  const descriptors = (registry.store.find(name)?.referrersOf(reference) ?? [])
    .map(descriptorOf)
    .filter(({ artifactType }) => wanted === null || artifactType === wanted);
  const index = { schemaVersion: 2, mediaType: ociIndex, manifests: descriptors };
  return withType(jsonReply(index, wanted === null ? [] : ["OCI-Filters-Applied", "artifactType"]));
}

function descriptorOf({ object, document }: StoredManifest) {
  return {
    mediaType: object.mediaType,
    digest: object.digest,
    size: object.content.size,
    artifactType: document?.artifactType,
    annotations: document?.annotations,
  };
}

const withType = (reply: Reply): Reply => ({
  ...reply,
  headers: reply.headers.map((part) => (part === "application/json" ? ociIndex : part)),
});
