import { apiError } from "./api-error.ts";
import { algorithmOf } from "./digest.ts";
import { objectReply } from "./object-reply.ts";
import type { Call, Registry } from "./registry.ts";
import type { RegistryObject } from "./registry-object.ts";
import { emptyReply, type Reply } from "./reply.ts";

/** GET and HEAD (end-2). */
export function readBlob(registry: Registry, call: Call): Reply {
  const { name, reference } = call.route;
  const blob = findBlob(registry, name, reference);
  if (blob === undefined) return noBlob(reference);
  return objectReply(registry.behaviour, call.request.headers, blob, "blob");
}

/** Blobs belong to their repository, except where the imitated registry shares them all. */
function findBlob(registry: Registry, name: string, digest: string): RegistryObject | undefined {
  if (registry.behaviour.blobScope === "registry") return registry.store.blobs.find(digest);
  return registry.store.find(name)?.blob(digest);
}

/** DELETE (end-10). */
export function deleteBlob(registry: Registry, call: Call): Reply {
  const { name, reference } = call.route;
  const holders =
    registry.behaviour.blobScope === "registry"
      ? [...registry.store.all()]
      : [registry.store.find(name)];
  const removed = holders.filter((repository) => repository?.removeBlob(reference));
  return removed.length > 0 ? emptyReply(202) : noBlob(reference);
}

function noBlob(digest: string): Reply {
  if (algorithmOf(digest) === undefined) {
    return apiError("DIGEST_INVALID", "this is not a sha256 or sha512 digest", {
      detail: { digest },
    });
  }
  return apiError("BLOB_UNKNOWN", "no such blob in this repository", { detail: { digest } });
}
